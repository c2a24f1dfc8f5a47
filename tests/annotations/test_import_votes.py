"""Votes gathered elsewhere become rows of the ledger, once."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from annotations.crowd_files import read_votes
from annotations.models import Annotator, AnswerKind, Consensus, ControlAnswer, ImportedAnnotator, Reliability, Vote
from annotations.services.imports import votes_import
from gallery.models import DataSet, Image, Split, Tag
from gallery.services.datasets import dataset_create

pytestmark = pytest.mark.django_db

CROWD = Path(os.environ.get("TESSERA_DATA_DIR", "missing")) / "crowd"


@pytest.fixture
def named(dataset: DataSet, pictures) -> dict[str, Image]:
    """One picture a class, called after it, and a further dark one for the evaluation."""
    images = {f"{name}.png": pictures(1, shade)[0] for shade, name in enumerate(["dark", "middle", "light"])}
    images["held back.png"] = pictures(1, 0, split=Split.EVALUATION)[0]
    for name, image in images.items():
        Image.objects.filter(pk=image.pk).update(name=name)
    return images


@pytest.fixture
def run(tmp_path: Path, dataset: DataSet):
    def go(*rows: str, header: str = "task,worker,label", to: str = "Shades", flags: tuple[str, ...] = ()):
        path, out, err = tmp_path / "votes.csv", StringIO(), StringIO()
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        call_command("import_votes", to, str(path), *flags, stdout=out, stderr=err, no_color=True)
        return out.getvalue(), err.getvalue()

    return go


def ledger() -> list[tuple]:
    rows = Vote.objects.order_by("pk")
    return list(rows.values_list("annotator__imported__name", "image__name", "kind", "answer", "challenge"))


ALL_SAY = [f"{name}.png,{worker},{name}" for name in ("dark", "middle", "light") for worker in ("w1", "w2", "w3")]


def test_each_row_becomes_a_vote_of_a_person_nobody_knows(run, named, dataset: DataSet) -> None:
    said, bad = run(*ALL_SAY, "held back.png,w1,dark")
    assert (bad, Vote.objects.count(), ControlAnswer.objects.count()) == ("", 10, 0)
    assert ledger()[0] == ("w1", "dark.png", AnswerKind.CHOICE, 0, None)
    assert ledger()[-1] == ("w1", "held back.png", AnswerKind.CHOICE, 0, None)
    assert sorted(dataset.imported_annotators.values_list("name", flat=True)) == ["w1", "w2", "w3"]
    assert set(Annotator.objects.values_list("user", "blocked_at")) == {(None, None)}
    assert not Reliability.objects.filter(trusted=True).exists()
    assert said.startswith("Shades: 10 votes added, 0 already there, 3 workers (3 met for the first time), 0 rows left")


def test_the_consensus_is_worked_out_anew(run, named, dataset: DataSet) -> None:
    run(*ALL_SAY)
    assert dict(Consensus.objects.filter(dataset=dataset).values_list("image__name", "label")) == {
        **{"dark.png": 0, "middle.png": 1, "light.png": 2}
    }
    assert set(Consensus.objects.values_list("votes", flat=True)) == {3}


def test_a_class_goes_by_its_name_or_its_key_and_an_image_by_its_number_too(run, named) -> None:
    number = named["light.png"].pk
    assert run("dark.png,w1,d", "middle.png,w1,MIDDLE", f"id:{number},w1,l")[1] == ""
    assert [(image, answer) for _, image, _, answer, _ in ledger()] == [
        *[("dark.png", 0), ("middle.png", 1), ("light.png", 2)]
    ]


def test_yes_and_no_stay_what_they_are(run, named) -> None:
    run("dark.png,w1,light,no", "middle.png,w1,middle,yes", header="task,worker,label,kind")
    assert [row[2:4] for row in ledger()] == [(AnswerKind.NO, 2), (AnswerKind.YES, 1)]


def test_twice_the_same_file_adds_nothing_twice(run, named) -> None:
    rows = [*ALL_SAY, "dark.png,w1,light", "dark.png,w1,light", "dark.png,w1,dark"]
    run(*rows)
    before, people = ledger(), Annotator.objects.count()
    assert len(before) == 11  # the second «light» says again what was said just before
    said, _ = run(*rows)
    assert (ledger(), Annotator.objects.count()) == (before, people)
    assert "0 votes added, 12 already there, 3 workers (0 met for the first time)" in said
    assert AuditEntry.objects.count() == 1


def test_a_changed_mind_is_a_row_of_its_own_and_the_latest_counts(run, named, dataset: DataSet) -> None:
    run(*ALL_SAY)
    run(*(f"dark.png,{worker},light" for worker in ("w1", "w2", "w3")))
    assert Vote.objects.filter(image=named["dark.png"]).count() == 6
    row = Consensus.objects.get(image=named["dark.png"])
    assert (row.label, row.votes) == (2, 3)


def test_an_export_that_grew_adds_what_it_grew_by(run, named) -> None:
    run("dark.png,w1,dark")
    run("dark.png,w1,dark", "dark.png,w1,light", "dark.png,w2,dark")
    assert [(name, answer) for name, _, _, answer, _ in ledger()] == [("w1", 0), ("w1", 2), ("w2", 0)]


def test_what_stands_for_nothing_is_said_by_line_and_left_out(run, named, dataset, pictures, alice) -> None:
    twins = pictures(2, 1)
    Image.objects.filter(pk__in=[twin.pk for twin in twins]).update(name="twin.png")
    Image.objects.filter(pk=named["middle.png"].pk).update(deleted_at=dataset.created_at)
    dataset.classes.filter(index=1).update(removed_at=dataset.created_at)
    elsewhere = dataset_create(owner=alice, name="Other", classes=[("a", ""), ("b", "")])
    Image.objects.filter(pk=named["light.png"].pk).update(dataset=elsewhere)
    said, bad = run(
        *("dark.png,w1,dark", "twin.png,w1,dark", "middle.png,w1,dark", "dark.png,w2,middle", "dark.png,w2,"),
        *(f"id:{named['light.png'].pk},w2,dark", f"dark.png,{'w' * 201},dark", f"id:{twins[0].pk},w1,dark"),
    )
    assert bad.splitlines() == [
        f"votes.csv, line 3: 2 images are called 'twin.png': say which by its number, such as id:{twins[0].pk}",
        "votes.csv, line 4: there is no image 'middle.png' in this data set",
        "votes.csv, line 5: there is no class 'middle'",
        "votes.csv, line 6: label is empty",
        f"votes.csv, line 7: there is no image id:{named['light.png'].pk} in this data set",
        "votes.csv, line 8: the worker's name is longer than 200 characters",
    ]
    assert "2 votes added, 0 already there, 1 workers (1 met for the first time), 6 rows left out" in said
    assert [(name, image) for name, image, *_ in ledger()] == [("w1", "dark.png"), ("w1", "twin.png")]
    assert Annotator.objects.count() == 1


def test_a_dry_run_says_the_same_and_writes_nothing(run, named) -> None:
    said, _ = run(*ALL_SAY, "nothing.png,w1,dark", flags=("--dry-run",))
    assert (
        said
        == "Shades: 9 votes would be added, 0 already there, 3 workers (3 met for the first time), 1 rows left out\n"
    )
    assert not any(model.objects.exists() for model in (Vote, Annotator, ImportedAnnotator, Consensus, AuditEntry))


def test_votes_on_the_owners_gold_tell_of_people_and_touch_nothing_else(run, dataset, pictures, alice) -> None:
    image = pictures(1, 0, label=True)[0]
    before = list(Tag.objects.values())
    run(f"id:{image.pk},w1,dark", f"id:{image.pk},w2,light")
    assert (Vote.objects.count(), Consensus.objects.count()) == (2, 0)
    assert list(Tag.objects.values()) == before
    image.refresh_from_db()
    assert image.split == Split.GOLD
    right, wrong = (Reliability.objects.get(annotator__imported__name=name) for name in ("w1", "w2"))
    assert right.accuracy > wrong.accuracy


def test_a_worker_of_one_name_is_another_person_in_another_data_set(run, named, pictures, alice) -> None:
    other = dataset_create(owner=alice, name="Other", classes=[("dark", ""), ("light", "")])
    Image.objects.filter(pk=named["light.png"].pk).update(dataset=other)
    run("dark.png,w1,dark")
    run("light.png,w1,light", to=f"id:{other.pk}")
    assert ImportedAnnotator.objects.filter(name="w1").values("annotator").distinct().count() == 2
    assert Vote.objects.get(dataset=other).answer == 1


def test_the_audit_log_tells_of_it(run, named, alice) -> None:
    run(*ALL_SAY, "nothing.png,w1,dark", flags=("--by", "Alice@example.org"))
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.verb, entry.subject) == (alice, "imported votes into", "data set Shades")
    assert entry.detail == {"votes": 9, "workers": 3, "left_out": 1}


def test_without_a_name_nobody_is_said_to_have_done_it(run, named) -> None:
    run(*ALL_SAY)
    assert AuditEntry.objects.get().actor is None


def test_a_fit_that_failed_leaves_the_votes_and_the_next_run_fits_them(run, named, monkeypatch) -> None:
    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(
            "annotations.services.imports.consensus_refit", lambda **_: (_ for _ in ()).throw(RuntimeError())
        )
        run(*ALL_SAY)
    assert (Vote.objects.count(), Consensus.objects.count()) == (9, 0)
    run(*ALL_SAY)
    assert (Vote.objects.count(), Consensus.objects.count()) == (9, 3)


def test_what_cannot_be_imported_is_refused_in_one_line(run, named, bob) -> None:
    def refused(*rows: str, **where) -> str:
        with pytest.raises(CommandError) as error:
            run(*rows, **where)
        return str(error.value)

    assert refused(*ALL_SAY, to="Nothing") == "There is no data set “Nothing”."
    assert refused(*ALL_SAY, flags=("--by", "nobody@example.org")) == "Nobody has the address nobody@example.org."
    assert "no column “worker”" in refused("a,b", header="task,label")
    assert "no row that can be brought into Shades" in refused("nothing.png,w1,dark")
    other = dataset_create(owner=bob, name="Shades", classes=[("a", ""), ("b", "")])
    assert f"id:{other.pk}" in refused(*ALL_SAY)
    assert not Vote.objects.exists()


def test_the_number_of_queries_does_not_grow_with_the_rows(named, dataset, tmp_path, django_assert_max_num_queries):
    path = tmp_path / "votes.csv"
    rows = [f"{name}.png,w{i},{name}" for name in ("dark", "middle", "light") for i in range(200)]
    path.write_text("\n".join(["task,worker,label", *rows]))
    with django_assert_max_num_queries(70):
        assert votes_import(dataset=dataset, table=read_votes(path)).added == 600


@pytest.mark.skipif(not CROWD.is_dir(), reason="TESSERA_DATA_DIR has no crowd/")
def test_real_votes_come_in_whole_and_label_as_they_do_outside(alice, tmp_path: Path) -> None:
    dogs = dataset_create(owner=alice, name="Dogs", classes=[(name, "") for name in "0123"])
    Image.objects.bulk_create(
        Image(dataset=dogs, uploader=alice, name=str(i), width=9, height=9, digest=f"{i:064x}") for i in range(1, 808)
    )
    truth = dict(line.split(",") for line in (CROWD / "dogs4.truth.csv").read_text().split()[1:])
    out = StringIO()
    call_command("import_votes", "Dogs", str(CROWD / "dogs4.labels.csv"), stdout=out)
    assert out.getvalue().startswith("Dogs: 8,070 votes added, 0 already there, 109 workers (109 met")
    labels = dict(Consensus.objects.filter(dataset=dogs).values_list("image__name", "label"))
    assert sum(str(label) == truth[task] for task, label in labels.items()) / len(truth) > 0.8
