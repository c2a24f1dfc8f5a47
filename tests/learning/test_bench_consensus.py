import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from annotations.consensus.votes import Votes
from annotations.models import Consensus, Vote
from learning.bench import consensus_real, consensus_speed, consensus_stream, update
from learning.bench.consensus_simulation import play
from learning.bench.crowds import Crowd, Kind
from learning.bench.plot import write_plot
from learning.bench.table import write_table


def silent(line: str) -> None:
    pass


def test_the_peer_gives_the_same_labels_for_the_same_model() -> None:
    pytest.importorskip("crowdkit")
    found = consensus_speed.compare(consensus_speed.simulated(4000, 0), 10, silent)
    assert found["agreement"] >= 0.999


def test_a_simulated_crowd_has_five_votes_an_item() -> None:
    votes = consensus_speed.simulated(5000, 0)
    assert (votes.n_items, votes.n_annotators, votes.n_classes) == (1000, 25, 10)
    assert (np.bincount(votes.item) == 5).all()


@pytest.mark.django_db
def test_an_update_in_a_full_database_is_a_real_one() -> None:
    dataset = update._filled(2000)
    assert Vote.objects.count() == 2000
    before = Consensus.objects.filter(posterior=[0.1] * 10).count()
    run = update._one(dataset, 3)
    assert 0 < run.own < run.process
    assert run.queries < 25
    assert Consensus.objects.filter(posterior=[0.1] * 10).count() == before - update.TILES


def test_adversaries_and_spammers_are_found_and_asking_further_makes_up_for_them() -> None:
    outcome = play(Crowd.of({Kind.ADVERSARY: 0.3, Kind.SPAMMER: 0.3}, seed=0, n_items=1000))
    assert outcome.majority < 0.65
    assert min(outcome.platform, outcome.dawid_skene) >= 0.9
    assert outcome.votes_per_item < 7
    assert (outcome.missed, outcome.honest_flagged) == (0, 0)


def test_a_sneak_is_honest_on_gold_alone_and_a_turncoat_for_two_hundred_votes() -> None:
    crowd = Crowd.of({Kind.SNEAK: 0.5, Kind.TURNCOAT: 0.5}, seed=0, n_items=4000)
    sneak, turncoat = np.zeros(4000, dtype=int), np.full(4000, 59)
    items = np.arange(4000)
    right = crowd.ask(sneak, items).answer == crowd.truth
    assert right[crowd.gold >= 0].mean() > 0.7
    assert not right[crowd.gold < 0].any()
    right = crowd.ask(turncoat, items).answer == crowd.truth
    assert right[:200].mean() > 0.75
    assert not right[200:].any()


def test_votes_that_come_one_challenge_at_a_time_end_close_to_the_full_fit(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("bench", "consensus", "--stream", "--votes", "6000", "--json")
    found = json.loads(capsys.readouterr().out)
    assert 5000 < found["votes"] <= 6000
    assert (found["items"], found["annotators"]) == (1200, 30)
    assert 0 < found["mean_tv"] <= 0.05  # few votes: at a hundred thousand it is a fifth of that
    assert 0.95 <= found["same_label"] < 1
    assert min(found["accuracy"], found["full_accuracy"]) >= 0.95
    assert found["worst_tv_after_refit"] <= 0.001
    assert found["resumed_tv"] <= 0.001
    assert found["relabelled"] == round((1 - found["same_label"]) * found["items"])
    assert found["relabelled_exactly"]
    assert 0 < found["update_ms"] < 100
    assert 0 < found["saved_kb"] < 200


def test_a_stream_is_asked_as_a_platform_asks() -> None:
    crowd = consensus_stream._crowd(6000, 0)
    annotator, item, challenge = consensus_stream._asked(crowd)
    assert sum(kind is Kind.ADVERSARY for kind in crowd.kinds) == round(0.15 * 30)
    assert len(np.unique(annotator * 1200 + item)) == len(item)  # nobody twice on an item
    assert np.bincount(challenge).max() == 9
    assert all(len(set(annotator[challenge == one].tolist())) == 1 for one in np.unique(challenge).tolist())
    early = len(item) // 5
    assert len(np.unique(annotator[:early])) < 10 < len(np.unique(annotator[early:]))


def test_too_few_votes_for_a_stream_are_an_error_in_one_line() -> None:
    with pytest.raises(CommandError, match="at least 1000"):
        call_command("bench", "consensus", "--stream", "--votes", "0", "--json")


def crowd_files(folder: Path, name: str) -> Path:
    """Two who agree and are right, and one who always says the other class."""
    rows = [f"{task},{worker},{task % 2 if worker < 2 else 1 - task % 2}" for task in range(20) for worker in range(3)]
    (folder / f"{name}.labels.csv").write_text("\n".join(["task,worker,label", *rows]) + "\n")
    truth = [f"{task},{task % 2}" for task in range(20)]
    (folder / f"{name}.truth.csv").write_text("\n".join(["task,truth", *truth]) + "\n")
    return folder / f"{name}.labels.csv"


def test_a_folder_of_crowds_becomes_a_table(tmp_path: Path) -> None:
    pytest.importorskip("crowdkit")
    crowd_files(tmp_path, "small")
    result = consensus_real.run(tmp_path, None, None, tmp_path, silent)
    assert result["small"] == 1.0
    assert result["below_majority"] == []
    page = (tmp_path / "consensus.md").read_text()
    assert "| **dawid_skene** | 1.0000 |" in page
    assert "| crowd-kit: Dawid–Skene | 1.0000 |" in page


def test_a_folder_without_crowds_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no NAME\.labels\.csv"):
        call_command("bench", "consensus", "--real", str(tmp_path), "--json")


def test_ties_are_counted_by_all_ways_to_break_them(tmp_path: Path) -> None:
    crowd = consensus_real.load(crowd_files(tmp_path, "small"))
    assert consensus_real.by_chance(crowd) == 1.0
    two = consensus_real.Crowd("two", Votes.of([0, 1], [0, 0], [0, 1]), np.array([1]))
    assert consensus_real.by_chance(two) == 0.5


def test_thinning_leaves_at_most_so_many_votes_an_item() -> None:
    votes = consensus_speed.simulated(1000, 0)
    few = consensus_real.thinned(votes, 3, 0)
    assert (np.bincount(few.item) == 3).all()
    assert few.answer.tolist() != consensus_real.thinned(votes, 3, 1).answer.tolist()


def test_worse_than_the_majority_by_chance_is_not_significant(tmp_path: Path) -> None:
    assert not consensus_real.significantly_worse(consensus_real.load(crowd_files(tmp_path, "small")))


def test_a_plot_is_a_picture_with_every_value_in_it(tmp_path: Path) -> None:
    write_plot(
        tmp_path / "plot.svg", "Lines", "share", [0.0, 0.5, 1.0], {"one": [1.0, 0.5, 0.25], "two": [1.0, 1.0, 0.25]}
    )
    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "one: 0.500 at 0.5" in titles


def test_the_table_says_where_the_default_is_below_the_majority(tmp_path: Path) -> None:
    result = {"mean4": 0.8, "below_majority": ["small"]}
    write_table(tmp_path / "table.md", {"small": {"majority": 0.9}}, result)
    assert "Significantly below majority vote (McNemar, 5%): small." in (tmp_path / "table.md").read_text()


def test_the_table_leaves_the_rest_of_the_page_alone(tmp_path: Path) -> None:
    page = tmp_path / "new" / "table.md"
    write_table(page, {"small": {"majority": 0.9}}, {"mean4": 0.8})
    page.write_text(page.read_text() + "\n## Written by hand\n")
    write_table(page, {"small": {"majority": 0.7}}, {"mean4": 0.6})
    text = page.read_text()
    assert "0.7000" in text and "0.9000" not in text
    assert text.endswith("\n## Written by hand\n")
    assert text.count("# Truth inference on real crowds") == 1
