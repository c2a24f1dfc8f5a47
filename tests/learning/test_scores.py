"""Scores in files: out of a strategy, and into the queue."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry
from annotations.crowd_files import BadFile
from annotations.models import Campaign, QueueItem
from annotations.selectors import campaign_of
from gallery.models import DataSet, Split
from gallery.services.images import image_label
from gallery.work import WorkState
from learning.models import ModelVersion, Retag, SamplingRound, TrainingRun, VersionState
from learning.score_files import read_scores
from learning.services import score_campaigns
from learning.services.requests import round_request
from learning.services.sampling import round_execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "scores.csv"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def pool(dataset, squares):
    return squares(5, 0)


def queue(dataset) -> list[int]:
    return list(QueueItem.objects.filter(dataset=dataset).order_by("-score").values_list("image", flat=True))


def run(*arguments: object) -> None:
    call_command("scores", *map(str, arguments))


def test_the_highest_score_is_asked_first(dataset, pool, file):
    first, second, third, *_ = pool
    run("import", dataset, file(f"image,score\n{first.name},0.1\nid:{second.pk},7\n{third.name},-2\n"))
    assert queue(dataset) == [second.pk, first.pk, third.pk]
    assert set(QueueItem.objects.values_list("reason", flat=True)) == {"scores from a file"}
    assert AuditEntry.objects.filter(verb__startswith="brought scores").exists()


def test_another_file_takes_the_place_of_what_nobody_has_begun(dataset, pool, file):
    run("import", dataset, file(f"image,score\n{pool[0].name},1\n{pool[1].name},2\n"))
    run("import", dataset, file(f"name,entropy_value\n{pool[2].name},1\n"))
    assert queue(dataset) == [pool[2].pk]


def test_what_can_not_be_asked_is_left_out_and_named(dataset, pool, squares, file, capsys):
    gold = squares(1, 1, label=True)[0]
    text = f"image,score\n{pool[0].name},1\nnobody.png,2\n{gold.name},3\n{pool[1].name},high\n{pool[2].name},nan\n"
    run("import", dataset, file(text + f"{pool[0].name},9\nid:{pool[0].pk},8\n"))
    assert queue(dataset) == [pool[0].pk]
    said = capsys.readouterr()
    assert "1 images in the queue, 6 rows left out" in said.out
    for line, reason in [(3, "no image"), (4, "has its label"), (5, "no number"), (6, "nothing can be ranked")]:
        assert f"line {line}:" in said.err and reason in said.err
    assert "another score further up" in said.err and "further up by another name" in said.err


@pytest.mark.parametrize(
    ("text", "reason"),
    [("image\na\n", "score"), ("", "empty"), ("image,score\nnobody,1\n", "no score of an image")],
)
def test_a_file_that_says_nothing_changes_nothing(dataset, pool, file, text, reason):
    run("import", dataset, file(f"image,score\n{pool[0].name},1\n"))
    with pytest.raises(CommandError, match=reason):
        run("import", dataset, file(text))
    assert queue(dataset) == [pool[0].pk]


def test_out_and_in_again_is_the_same_order(dataset, pool, tmp_path):
    out = tmp_path / "out.csv"
    run("export", dataset, "--strategy", "random", "--out", out)
    rows = list(csv.DictReader(out.open()))
    assert sorted(row["image"] for row in rows) == sorted(image.name for image in pool)
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    run("import", dataset, out)
    assert [dataset.images.get(pk=pk).name for pk in queue(dataset)] == [row["image"] for row in rows]


def test_images_of_one_name_go_by_their_number(dataset, pool, tmp_path):
    dataset.images.filter(split=Split.POOL).update(name="the same")
    out = tmp_path / "out.csv"
    run("export", dataset, "--strategy", "random", "--out", out, "--number", 3)
    names = [row["image"] for row in csv.DictReader(out.open())]
    assert len(names) == 3 and {name.partition(":")[0] for name in names} == {"id"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [(["--number", "0"], "at least 1"), (["--out", "/nowhere/at/all.csv"], "no folder")],
)
def test_an_export_that_can_not_be_is_refused(dataset, pool, tmp_path, options, reason):
    with pytest.raises(CommandError, match=reason):
        run("export", dataset, "--strategy", "random", "--out", tmp_path / "out.csv", *options)


def test_a_file_without_the_columns_says_which(file):
    with pytest.raises(BadFile, match="score"):
        read_scores(file("image,value\na,1\n"))


def a_version(dataset: DataSet) -> ModelVersion:
    """A worker has trained one, and it was not good enough to serve."""
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="test", state=WorkState.DONE)
    return ModelVersion.objects.create(
        dataset=dataset, number=dataset.versions.count() + 1, run=run, state=VersionState.REJECTED, reason="a test",
        backbone="small_cnn", configuration={}, metrics={}, labels=1,
    )  # fmt: skip


@pytest.fixture
def meanwhile(monkeypatch) -> Callable[..., list[float]]:
    """What others do while the campaign waits: one thing at each look, and then nothing."""

    def happens(*doings: Callable[[], object]) -> list[float]:
        left, slept = iter(doings), []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            assert len(slept) < 50, "it waits for ever"
            next(left, lambda: None)()

        monkeypatch.setattr(score_campaigns, "sleep", sleep)
        return slept

    return happens


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "scores" / "not there yet"


@pytest.fixture
def cycles(dataset, pool, folder) -> Callable[..., None]:
    """A campaign by chance."""

    def go(n: int, *options: object) -> None:
        run("campaign", dataset, "--strategy", "random", "--cycles", n, "--out", folder, *options)

    return go


def images_in(file: Path) -> list[str]:
    return [row["image"] for row in csv.DictReader(file.open())]


def test_a_campaign_scores_asks_and_waits_cycle_after_cycle(dataset, pool, cycles, folder, meanwhile, capsys):
    asked = []

    def trained() -> None:
        asked.append(queue(dataset))
        image_label(image=dataset.images.get(pk=asked[-1][0]), label=dataset.classes.get(index=0))
        a_version(dataset)

    meanwhile(lambda: None, trained, lambda: None, trained)
    cycles(2, "--number", 3)
    files = [images_in(folder / f"cycle-{number}.csv") for number in (1, 2)]
    assert [[dataset.images.get(pk=pk).name for pk in order] for order in asked] == files
    assert [len(names) for names in files] == [3, 3] and files[0][0] not in files[1]
    said = capsys.readouterr().out
    assert "Cycle 1 of 2: 3 images by random into" in said and "3 in the queue" in said
    assert "Cycle 1 of 2: waits for a version after none" in said
    assert "Cycle 2 of 2: version 2 was trained" in said and "2 of 2 cycles in" in said


def test_files_that_are_there_are_cycles_done(dataset, cycles, folder, meanwhile, capsys):
    meanwhile(lambda: a_version(dataset))
    cycles(1)
    first = (folder / "cycle-1.csv").read_text()
    meanwhile(lambda: a_version(dataset))
    cycles(2)
    assert (folder / "cycle-1.csv").read_text() == first and (folder / "cycle-2.csv").exists()
    said = capsys.readouterr().out
    assert "cycle-1.csv is there already" in said and "Cycle 2 of 2: version 2" in said
    assert not (folder / "cycle-3.csv").exists()


def test_a_campaign_that_broke_off_waits_for_the_version_that_it_waited_for(dataset, cycles, meanwhile):
    meanwhile()
    with pytest.raises(CommandError, match=r"Cycle 1: no newer version .* The same command goes on from here"):
        cycles(2, "--wait", 0)
    with pytest.raises(CommandError, match="Cycle 1: no newer version"):
        cycles(2, "--wait", 0)
    a_version(dataset)
    with pytest.raises(CommandError, match="Cycle 2: no newer version"):
        cycles(2, "--wait", 0)


def test_a_promotions_round_comes_before_the_next_cycle(dataset, cycles, folder, meanwhile):
    """Else it would replace what the cycle asks."""

    def retagged() -> None:
        Retag.objects.update(state=WorkState.DONE)
        SamplingRound.objects.create(dataset=dataset, strategy="random", random_share=0, size=1)

    def nothing_yet() -> None:
        assert not (folder / "cycle-2.csv").exists()

    def chosen() -> None:
        nothing_yet()
        round_execute(dataset.rounds.get(state=WorkState.WAITING).pk)

    meanwhile(
        lambda: Retag.objects.create(version=a_version(dataset), state=WorkState.RUNNING),
        nothing_yet,
        retagged,
        chosen,
        lambda: a_version(dataset),
    )
    cycles(2)
    assert set(QueueItem.objects.values_list("reason", flat=True)) == {"scores from a file"}


def test_a_round_that_fills_up_a_short_queue_comes_after_the_campaign(dataset, pool, cycles, meanwhile):
    asked = []

    def topped_up() -> None:
        asked.append(queue(dataset))
        round_execute(round_request(dataset=dataset).pk)
        assert queue(dataset) != asked[0]

    meanwhile(topped_up, lambda: None, lambda: asked.append(queue(dataset)), lambda: a_version(dataset))
    cycles(1, "--number", 2)
    assert asked[1][:2] == asked[0] and len(asked[1]) == len(pool)


def test_it_ends_where_nothing_is_left_to_ask(dataset, pool, cycles, folder, meanwhile, capsys):
    def all_said() -> None:
        for image in pool:
            image_label(image=image, label=dataset.classes.get(index=0))

    meanwhile(all_said)
    cycles(3)
    assert [file.name for file in folder.iterdir()] == ["cycle-1.csv"]
    assert "Nothing is left to ask." in capsys.readouterr().out
    a_version(dataset)
    cycles(3)
    assert [file.name for file in folder.iterdir()] == ["cycle-1.csv"]


def test_a_campaign_that_ended_asks_nobody(dataset, cycles):
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(
        ended_at=timezone.now(), ended_because="Enough is known."
    )
    with pytest.raises(CommandError, match="Nobody is asked any more: Enough is known"):
        cycles(1)
    assert not QueueItem.objects.exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--cycles", "0"], "--cycles must be at least 1"),
        (["--number", "0"], "--number must be at least 1"),
        (["--wait", "-1"], "can't be negative"),
        (["--out", __file__], "can be no folder"),
    ],
)
def test_a_campaign_that_can_not_be_is_refused(dataset, cycles, options, reason):
    with pytest.raises(CommandError, match=reason):
        cycles(1, *options)
    assert not QueueItem.objects.exists()


def test_a_campaign_of_no_data_set_is_refused(dataset, tmp_path):
    with pytest.raises(CommandError, match="no data set"):
        run("campaign", "Nowhere", "--strategy", "random", "--cycles", 1, "--out", tmp_path)
