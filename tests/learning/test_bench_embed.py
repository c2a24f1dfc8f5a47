"""The benchmark of `siteverify` in small: real servers and a real client."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

SMALL = ["--rounds", "2", "--requests", "40", "--tokens", "40", "--verify"]


@pytest.mark.slow
def test_no_token_is_redeemed_twice_at_full_load(tmp_path) -> None:
    command = [sys.executable, "manage.py", "bench", "embed", *SMALL, "--json"]
    environment = os.environ | {"TESSERA_VAR_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["tokens"], found["double_redeemed"], found["never_redeemed"]) == (40, 0, 0)
    assert found["siteverify_ratio"] == pytest.approx(found["siteverify_p95_ms"] / found["bare_p95_ms"], abs=0.01)
    assert found["siteverify_per_s"] > 0


def test_a_benchmark_of_nothing_is_refused() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("bench", "embed", "--rounds", "0")
