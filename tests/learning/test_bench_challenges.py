"""The benchmark of challenges in small: real servers, a real client, and the database asked afterwards."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

SMALL = ["--images", "1000", "--votes", "10000", "--cycles", "16", "--seconds", "6", "--played", "20"]


@pytest.mark.slow
def test_no_vote_is_lost_or_doubled_at_full_load(tmp_path) -> None:
    command = [sys.executable, "manage.py", "bench", "challenges", *SMALL, "--json"]
    environment = os.environ | {"TESSERA_VAR_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert [found[name] for name in ("lost", "doubled", "double_scored", "above_overlap", "failed")] == [0] * 5
    assert found["solved_per_s"] > 0 and found["labels_per_s"] > 0 and found["peer_cycles_per_s"] > 0
    assert found["p95_ratio"] == max(found["p95_ratios"].values())


def test_a_load_on_too_few_images_is_refused() -> None:
    with pytest.raises(CommandError, match="multiple of 1000"):
        call_command("bench", "challenges", "--images", "10")
