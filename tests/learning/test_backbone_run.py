"""A data set that learns on a frozen backbone's features, with the real weights where they are at hand."""

import os
from pathlib import Path

import pytest

from gallery.models import Source, Tag
from gallery.work import WorkState
from learning.models import Feature
from learning.selectors import champion_of, policy_of
from learning.services.requests import run_request
from learning.services.tagging import retag_execute
from learning.services.training import run_execute

WEIGHTS = Path(os.environ.get("TESSERA_DATA_DIR") or "/nowhere") / "weights"
NAME = "mobilenet_v2_0.35"


@pytest.mark.skipif(not (WEIGHTS / f"{NAME}_notop.safetensors").is_file(), reason="TESSERA_DATA_DIR has no weights")
def test_a_head_on_a_frozen_backbone_trains_serves_and_computes_each_feature_once(learnable, settings):
    settings.WEIGHTS_DIR = WEIGHTS
    policy = policy_of(learnable)
    policy.backbone = NAME
    policy.save()
    run = run_execute(run_request(dataset=learnable, trigger="a test").pk)
    version = champion_of(learnable)
    assert run.state == WorkState.DONE, run.error
    assert version.backbone == NAME and version.metrics["accuracy"] > 0.9
    retag_execute(version.retag.pk)
    assert Tag.objects.filter(source=Source.MODEL).count() == learnable.images.count()
    stored = Feature.objects.count()
    assert stored == learnable.images.count()
    run_execute(run_request(dataset=learnable, trigger="another").pk)
    assert Feature.objects.count() == stored
