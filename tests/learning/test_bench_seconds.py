"""What a second is worth: the simulation is of the real libraries, and asking by information saves time in small."""

from xml.etree import ElementTree

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotations.challenges.registry import offered
from learning.bench import seconds
from learning.bench.seconds_model import ASKED, GOLD_EACH, K, opinions, scans
from learning.bench.seconds_world import KEYS, Asking, World


def solved(asking: Asking, n: int, seed: int = 0) -> World:
    world = World(scans(seed), asking, np.random.default_rng(seed))
    for _ in range(n):
        assert world.challenge()
    return world


@pytest.mark.parametrize("informed", [True, False])
@pytest.mark.parametrize("kind", offered(KEYS))
def test_people_are_asked_by_every_kind_nobody_twice_and_about_no_gold(kind, informed) -> None:
    world = solved(Asking([kind], informed), 5)
    voted = [(person, item) for person, item, *_ in world.votes if item < ASKED]
    assert len(voted) == len(set(voted)) == world.n_votes.sum() > 0
    assert world.graded.sum() == len(world.votes) - len(voted) > 0
    assert world.seconds > 5 * 3


def test_gold_and_what_is_asked_about_share_no_scan_and_every_class_has_its_gold() -> None:
    some = scans(3)
    assert not set(some.gold) & set(some.asked)
    assert np.bincount(some.truth[some.gold]).tolist() == [GOLD_EACH] * K


def test_the_models_word_on_a_scan_does_not_come_from_its_own_label() -> None:
    """Every label of one class is a lie: what a model says of these scans is by the others' and the gold."""
    some = scans(0)
    truth = some.truth[some.asked]
    posterior = np.eye(K)[truth]
    alone = np.flatnonzero(truth == 3)[:1]
    posterior[alone] = np.eye(K)[8]
    said = opinions(some, posterior, np.ones(ASKED, dtype=bool))
    assert said.sum(axis=1) == pytest.approx(np.ones(ASKED))
    assert said[alone[0], 3] > said[alone[0], 8]
    assert (said.argmax(axis=1) == truth).mean() > 0.85


def test_strips_by_information_take_less_time_than_strips_at_random() -> None:
    ours, random = (seconds.curve(Asking(["strip"], informed), 0, 0.5) for informed in (True, False))
    assert seconds.seconds_to(ours, 0.5) < seconds.seconds_to(random, 0.5)


def test_the_same_seed_gives_the_same_curve() -> None:
    one, same = (seconds.curve(Asking(["strip", "grid"], True), 4, 0.1) for _ in range(2))
    assert one == same


def test_a_curve_that_has_ended_stays_where_it_ended_and_counts_its_end_where_it_fell_short() -> None:
    short, long = [(0.0, 0.0), (50.0, 0.9)], [(0.0, 0.0), (100.0, 0.5), (130.0, 1.0)]
    assert seconds.mean_curve([short, long]) == [(0.0, 0.0), (60.0, 0.45), (120.0, 0.7), (180.0, 0.95)]
    assert seconds.seconds_to(long, 0.5) == 100
    assert seconds.seconds_to(short, 0.95) == 50
    compared = seconds.compared([short], [long], 0.9)
    assert (compared["seconds"], compared["random_seconds"], compared["ratio"]) == (50, 130, 0.3846)


def test_the_command_writes_a_table_and_a_plot(tmp_path, capsys) -> None:
    (tmp_path / "challenges.md").write_text(f"# Challenges\n\nBefore.\n\n{seconds.BEGIN}\n<!-- end -->\n\nAfter.\n")
    call_command("bench", "seconds", "--only", "strip", "--seeds", "1", "--target", "0.2", "--docs", str(tmp_path))
    page = (tmp_path / "challenges.md").read_text()
    assert page.index("Before.") < page.index("| strip |") < page.index("After.")
    plot = ElementTree.parse(tmp_path / "benchmarks" / "seconds-strip.svg")
    assert {"most informative", "random"} <= {text.strip() for text in plot.getroot().itertext()}
    assert '"seconds_ratio"' in capsys.readouterr().out.splitlines()[-1]


def test_a_target_that_cannot_be_reached_is_refused() -> None:
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("bench", "seconds", "--target", "1.5")
