"""Scores in files: out of a strategy, and into the queue."""

import csv
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from annotations.crowd_files import BadFile
from annotations.models import QueueItem
from gallery.models import Split
from learning.score_files import read_scores

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
