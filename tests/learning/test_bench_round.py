"""The benchmark of a round on many images, with few of them: a real worker, and real pages."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command


@pytest.mark.slow
def test_a_worker_chooses_a_round_while_the_owner_looks_on(tmp_path) -> None:
    command = [sys.executable, "manage.py", "bench", "round", "--images", "60", "--strategy", "entropy", "--json"]
    environment = os.environ | {"TESSERA_VAR_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["images"], found["strategy"], found["picks"]) == (60, "entropy", 60)
    assert 0 < found["request_ms_median"] <= found["request_ms_max"]
    assert found["request_ms_idle_median"] > 0 and found["round_seconds"] > 0
    assert found["peak_mb"] > 50


def test_a_round_on_nothing_is_refused() -> None:
    with pytest.raises(CommandError, match="--images must be at least 1"):
        call_command("bench", "round", "--images", "0")
