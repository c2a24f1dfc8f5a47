"""What proof of work costs: measured by solving it, in the browser's own script too."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command

from annotations.challenges.unseen.work import Work, check
from learning.bench import work, work_engines
from learning.bench.work_engines import Done, Job

JOB = Job("f" * 32, bits=8, pieces=16)


@pytest.fixture
def small(monkeypatch) -> None:
    monkeypatch.setattr(work, "RUN", 6)
    monkeypatch.setattr(work, "LEVELS", (6, 8))
    monkeypatch.setattr(work, "ENGINES", {"python": work.in_python, "node": lambda jobs: []})
    monkeypatch.setattr(work, "openssl_per_second", lambda: 2e6)


@pytest.mark.parametrize("engine", [work.in_python, work_engines.in_node], ids=["python", "node"])
def test_what_an_engine_finds_is_the_work_that_we_check(engine) -> None:
    if engine is work_engines.in_node and not shutil.which("node"):
        pytest.skip("there is no Node here: the browser's script goes untested without one")
    [done] = engine([JOB])
    check(Work(JOB.prefix, JOB.bits, JOB.pieces), done.numbers)
    assert done.seconds > 0


@pytest.mark.browser
def test_the_browsers_worker_finds_it_too() -> None:
    # In a thread of its own: in this one the browser of the tests before may have left its loop.
    with ThreadPoolExecutor(1) as alone:
        found = alone.submit(work_engines.in_chromium, [JOB]).result()
    if not found:
        pytest.skip("there is no Chromium here: the browser's worker goes untested")
    check(Work(JOB.prefix, JOB.bits, JOB.pieces), found[0].numbers)


def test_a_rate_counts_every_digest_and_is_that_of_the_run_that_nothing_held_up() -> None:
    assert work.per_second([Done([0, 9], 1.0), Done([89], 2.0)]) == 45
    assert work.per_second([]) == 0


def test_a_level_takes_as_long_as_its_digests_at_the_rate() -> None:
    one = work.level(14, {"browser": 1e6, "node": 0.0})
    assert one["tries"] == 16 * 2**14
    assert one["browser_s"] == pytest.approx(0.2621, abs=1e-4)
    assert 1.3 < one["browser_p95_s"] / one["browser_s"] < 1.6
    assert one["browser_cents_per_1000"] == pytest.approx(262.1 / 3600 * work.CORE_HOUR, rel=1e-3)
    assert "node_s" not in one


def test_the_command_states_each_level_and_what_checking_takes(small, tmp_path) -> None:
    out = StringIO()
    call_command("bench", "work", "--json", "--docs", str(tmp_path), stdout=out)
    told = json.loads(out.getvalue().splitlines()[-1])
    assert set(told["levels"]) == {"6", "8"}
    assert told["levels"]["8"]["tries"] == 4 * told["levels"]["6"]["tries"]
    assert told["python_per_s"] > 0 and told["node_per_s"] == 0
    assert 0 < told["verify_piece_us"] < told["verify_right_us"]
    page = (tmp_path / "bots.md").read_text()
    assert "| 6 | 1,024 |" in page and "To check all 16 pieces" in page
