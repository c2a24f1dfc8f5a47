"""The harness of label efficiency: what it makes of curves, how it goes on, and campaigns of a moment."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from learning.bench.efficiency import campaign, crowd, runs
from learning.bench.efficiency.choices import choice_of
from learning.bench.efficiency.figures import Curves, against, figures, labels_to, summary
from learning.bench.efficiency.page import write_page
from learning.bench.efficiency.plans import DEFAULT, Choice, Plan
from learning.bench.efficiency.problems import Crowd, Problem, Sources, _kept
from learning.bench.plot import write_curves
from learning.engine.strategies import registry
from learning.engine.trained import TrainingConfig
from learning.models import Policy

PLAN = Plan("made", "digits", "mobilenet_v2_0.35", 20, 20, 60, ("random", "margin"), (0, 1))


@pytest.fixture(autouse=True)
def quick_training(monkeypatch):
    for module in (campaign, crowd):
        monkeypatch.setattr(module, "TrainingConfig", lambda **fields: TrainingConfig(**{"min_steps": 30, **fields}))


def clouds(n: int, rng: np.random.Generator):
    y = rng.integers(3, size=n)
    return (np.eye(8)[y] * 3 + rng.normal(size=(n, 8))).astype(np.float32), y


@pytest.fixture
def problem() -> Problem:
    rng = np.random.default_rng(0)
    (x, y), (test_x, test_y) = clouds(150, rng), clouds(90, rng)
    # Three good people on everything, and three who guess.
    annotator, image = (part.ravel() for part in np.meshgrid(np.arange(6), np.arange(150)))
    answer = np.where(annotator < 3, y[image], rng.integers(3, size=len(image)))
    return Problem(x, y, test_x, test_y, 3, balanced=False, crowd=Crowd(annotator, image, answer))


@pytest.mark.parametrize("name", ["random", "margin", "bald", "badge", "expected_error", "active_lab", "vessal_stream"])
def test_a_campaign_labels_its_budget_and_learns(problem, name):
    points = campaign.curve(PLAN, problem, Choice(name, choice_of(name).strategy), seed=0)
    assert [labels for labels, _ in points] == [20, 40, 60]
    assert all(0.5 < score <= 1 for _, score in points)


def test_every_choice_starts_from_the_same_labels(problem):
    firsts = {name: campaign.curve(PLAN, problem, Choice(name, name), seed=3)[0] for name in ("random", "entropy")}
    assert firsts["random"] == firsts["entropy"]


def test_a_pool_that_ends_before_the_budget_is_labelled_whole(problem):
    small = Problem(problem.x[:50], problem.y[:50], problem.test_x, problem.test_y, 3, balanced=False)
    assert [labels for labels, _ in campaign.curve(PLAN, small, Choice("random", "random"), seed=0)] == [20, 40, 50]


@pytest.mark.parametrize("name", ["random", "margin", "active_lab"])
def test_a_crowd_spends_votes_and_agrees_on_the_truth(problem, name):
    points = crowd.curve(PLAN, problem, Choice(name, name), seed=0)
    assert [point.votes for point in points] == [20, 40, 60]
    assert points[-1].consensus > 0.6
    assert all(0 <= share <= 1 for point in points for share in point[1:])


def test_a_crowd_without_answers_left_ends(problem):
    few = Crowd(*(column[:30] for column in (problem.crowd.annotator, problem.crowd.image, problem.crowd.answer)))
    points = crowd.curve(
        PLAN, Problem(problem.x, problem.y, problem.test_x, problem.test_y, 3, False, few), Choice("r", "random"), 0
    )
    assert points[-1].votes <= 30


def test_rarer_and_rarer_classes():
    y = np.repeat(np.arange(3), 100)
    counts = np.bincount(y[_kept(y, Plan("p", "digits", "small_cnn", 1, 1, 1, ("random",), (0,), imbalance=25))])
    assert counts.tolist() == [100, 20, 4]


def test_the_balanced_score_weighs_classes_alike():
    problem = Problem(np.zeros((1, 1)), np.zeros(1), np.zeros((4, 1)), np.array([0, 0, 0, 1]), 2, balanced=True)
    assert problem.score(np.array([0, 0, 0, 0])) == 0.5


def curves(*rows) -> Curves:
    return Curves.of([[(x, score) for x, score in zip((10, 20, 30), row, strict=True)] for row in rows])


def test_labels_that_reach_a_score_lie_between_two_points():
    assert labels_to(curves([0.2, 0.6, 0.8]), 0.7) == 25
    assert labels_to(curves([0.2, 0.6, 0.8]), 0.1) == 10
    assert labels_to(curves([0.2, 0.6, 0.8]), 0.9) is None


def test_a_gain_is_significant_when_every_seed_has_it():
    low = curves([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], [0.1, 0.3, 0.3])
    high = curves([0.1, 0.4, 0.5], [0.2, 0.5, 0.6], [0.1, 0.5, 0.51])
    mixed = curves([0.1, 0.4, 0.5], [0.2, 0.1, 0.2], [0.1, 0.3, 0.3])
    assert against(high, low)["against_random"] == "above"
    assert against(low, high)["against_random"] == "below"
    assert against(mixed, low)["against_random"] == "level"


def test_figures_say_the_area_and_the_summary_the_ratio():
    low, high = curves([0.2, 0.4, 0.6], [0.2, 0.4, 0.62]), curves([0.2, 0.6, 0.8], [0.2, 0.6, 0.82])
    row = figures(high, low)
    assert (row["aulc"], row["final"], row["labels_to_random_final"]) == (0.5525, 0.81, 20.5)
    told = summary({"digits": {"random": figures(low, low), DEFAULT: row}})
    assert told["label_ratio_digits"] == round(20.5 / 30, 3)
    assert (told["datasets_above"], told["datasets_below"]) == (1, 0)


def test_seeds_that_end_early_are_compared_as_far_as_all_go():
    assert Curves.of([[(1, 0.1), (2, 0.2)], [(1, 0.3)]]).scores.tolist() == [[0.1], [0.3]]


def test_the_default_is_what_a_new_policy_has():
    assert choice_of(DEFAULT).strategy == Policy().strategy
    assert choice_of(DEFAULT).p == Policy().random_share
    assert choice_of(DEFAULT).options == Policy().options


def test_finished_campaigns_are_not_run_again(tmp_path, monkeypatch):
    jobs = [runs.Job(PLAN, Choice("random", "random"), seed) for seed in (0, 1)]
    kept = tmp_path / "progress.jsonl"
    runs.Book.read(kept).add(jobs[0], runs.Done([[20, 0.5]], 1.0))
    with kept.open("a") as file:
        file.write('\n{"key": {"cut short')
    asked = []
    monkeypatch.setattr(
        runs, "_finished", lambda missing, *_: (asked.append(j) or (j, runs.Done([[20, 0.7]], 1)) for j in missing)
    )
    book = runs.run(jobs, kept, Sources(None, tmp_path), 1, lambda line: None)
    assert asked == jobs[1:]
    assert [book.of(job).points for job in jobs] == [[[20, 0.5]], [[20, 0.7]]]
    assert [runs.Book.read(kept).of(job).points for job in jobs] == [[[20, 0.5]], [[20, 0.7]]]


def test_another_start_is_another_campaign():
    other = Plan("made", "digits", "mobilenet_v2_0.35", 30, 20, 60, ("random",), (0,))
    choice = Choice("random", "random")
    assert runs.Job(PLAN, choice, 0).key != runs.Job(other, choice, 0).key


def test_a_plot_has_every_strategy(tmp_path):
    write_curves(tmp_path / "plot.svg", "made", "labels", {name: [(10, 0.1), (20, 0.5)] for name in registry.names()})
    drawn = (tmp_path / "plot.svg").read_text()
    assert all(f">{name}</text>" in drawn for name in registry.names())


@pytest.mark.slow
@pytest.mark.django_db
def test_the_command_measures_and_keeps(tmp_path, capsys):
    options = [
        "--data",
        "digits",
        "--strategies",
        "random",
        "margin",
        "--start",
        "20",
        "--step",
        "20",
        "--budget",
        "40",
    ]
    files = [
        "--seeds",
        "0",
        "--processes",
        "1",
        "--progress",
        str(tmp_path / "p.jsonl"),
        "--keep",
        str(tmp_path / "r.json"),
    ]
    call_command("bench", "strategies", *options, *files, "--json", "--plot", str(tmp_path / "out.svg"))
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(told["sets"]["digits"]) == {"random", "margin"}
    assert {"aulc", "aulc_se", "final", "labels_to_random_final"} <= set(told["sets"]["digits"]["margin"])
    assert json.loads((tmp_path / "r.json").read_text())["sets"] == told["sets"]
    assert (tmp_path / "out.svg").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "digits", "--strategies", "no_such"], "no strategy is called"),
        (["--data", "digits", "--start", "50", "--budget", "40"], "start"),
        (["--data", "digits", "--oracle", "crowd"], "--votes"),
        (["--data", "no-such.npz", "--processes", "1"], "no-such.npz"),
        (["--table", "nowhere", "--sets", "no_such"], "no_such"),
    ],
)
def test_what_makes_no_sense_is_said(options, message, tmp_path):
    with pytest.raises(CommandError, match=message):
        call_command("bench", "strategies", *options, "--progress", str(tmp_path / "p.jsonl"))


def test_the_page_has_a_line_a_strategy_and_keeps_what_else_it_says(tmp_path):
    low, high = curves([0.2, 0.4, 0.6], [0.2, 0.4, 0.62]), curves([0.2, 0.6, 0.8], [0.2, 0.6, 0.81])
    sets = {"digits": {"random": figures(low, low), DEFAULT: figures(high, low), "k_means": figures(low, high)}}
    page = tmp_path / "page.md"
    page.write_text("# Mine\n\n<!-- bench strategies --table -->\noutdated\n<!-- end -->\nafter\n")
    write_page(page, {"command": "c", "date": "d", "revision": "r", "sets": sets, **summary(sets)})
    told = page.read_text()
    assert told.startswith("# Mine") and told.endswith("after\n") and "outdated" not in told
    assert told.index("`default`") < told.index("`k_means`") < told.index("`random`")
    assert "with 68% of the labels" in told


def test_the_speed_is_told_of_every_strategy_asked_for(capsys):
    call_command("bench", "strategies", "--speed", "--pool", "600", "--strategies", "margin", "k_center", "--json")
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["pool"], told["budget"]) == (600, 500)
    assert {"margin_s", "uncertainty_s", "kcenter_s", "peak_mb"} <= set(told)
