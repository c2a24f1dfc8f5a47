"""A file of votes in, a label for each task out; what makes no sense is said by line."""

import csv
import json
import os
import random
import tracemalloc
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotations.consensus.methods import DEFAULT, METHODS
from annotations.crowd_columns import SHOWN, sort_classes
from annotations.crowd_files import read_votes, write_csv

CROWD = Path(os.environ.get("TESSERA_DATA_DIR", "missing")) / "crowd"


@pytest.fixture
def csv_file(tmp_path: Path):
    def make(text: str, name: str = "votes.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return make


def votes_of(*rows: str) -> str:
    return "\n".join(["task,worker,label", *rows, ""])


AGREED = votes_of(*(f"{task},{worker},{label}" for task, label in [("a", "cat"), ("b", "dog")] for worker in "xyz"))


def aggregate(*arguments: object) -> tuple[dict, str]:
    """The JSON object and what was said of bad rows."""
    out, err = StringIO(), StringIO()
    call_command("aggregate", *map(str, arguments), "--json", stdout=out, stderr=err, no_color=True)
    return json.loads(out.getvalue().splitlines()[-1]), err.getvalue()


def refused(*arguments: object) -> str:
    with pytest.raises(CommandError) as error:
        call_command("aggregate", *map(str, arguments), stdout=StringIO(), stderr=StringIO())
    assert error.value.returncode != 0
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def read_back(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_labels_what_all_agree_on(method: str, csv_file, tmp_path: Path) -> None:
    result, said = aggregate(csv_file(AGREED), "--method", method, "--out", tmp_path / "labels.csv")
    assert said == ""
    assert {name: result[name] for name in ("method", "tasks", "workers", "votes", "classes", "bad_rows")} == {
        **{"method": method, "tasks": 2, "workers": 3, "votes": 6, "classes": 2, "bad_rows": 0}
    }
    assert isinstance(result["converged"], bool)
    assert result["iterations"] >= 0 and result["seconds"] >= 0
    rows = read_back(tmp_path / "labels.csv")
    assert [(row["task"], row["label"], row["votes"]) for row in rows] == [("a", "cat", "3"), ("b", "dog", "3")]
    assert all(0.5 < float(row["confidence"]) <= 1 for row in rows)


def test_dawid_skene_is_what_is_used_when_nothing_is_said(csv_file) -> None:
    assert aggregate(csv_file(AGREED))[0]["method"] == DEFAULT == "dawid_skene"


def test_columns_come_in_any_order_and_others_are_ignored(csv_file, tmp_path: Path) -> None:
    text = "\ufefflabel,seconds, worker ,task\n" + "".join(f'cat,"1,5",{worker},a\n' for worker in "xyz")
    result, said = aggregate(csv_file(text), "--out", tmp_path / "labels.csv")
    assert (result["votes"], result["workers"], said) == (3, 3, "")
    assert read_back(tmp_path / "labels.csv")[0]["label"] == "cat"


def test_bad_rows_are_named_by_line_and_the_others_count(csv_file) -> None:
    good = [f"a,{worker},cat,choice" for worker in "xyz"]
    bad = ["a,x", ",x,cat,yes", "a, ,cat,yes", "b,x,,yes", "a,u,NaN,choice", "a,x,dog,maybe", "only,in,this row,x,y"]
    text = "\n".join(["task,worker,label,kind", good[0], *bad, "", *good[1:]])
    result, said = aggregate(csv_file(text))
    assert (result["votes"], result["bad_rows"]) == (3, 7)
    # Tasks, workers and classes that bad rows alone have named are none.
    assert (result["tasks"], result["workers"], result["classes"]) == (1, 3, 1)
    assert said.splitlines() == [
        "votes.csv, line 3: a field is missing: 2 of 4",
        "votes.csv, line 4: task is empty",
        "votes.csv, line 5: worker is empty",
        "votes.csv, line 6: label is empty",
        "votes.csv, line 7: label is NaN",
        "votes.csv, line 8: kind is 'maybe', not one of choice, yes, no",
        "votes.csv, line 9: 5 fields under 4 headings: a comma without quotation marks?",
    ]


def test_after_twenty_bad_rows_they_are_only_counted(csv_file) -> None:
    result, said = aggregate(csv_file(AGREED + "a,,cat\n" * 1500))
    assert (result["votes"], result["bad_rows"]) == (6, 1500)
    assert len(said.splitlines()) == SHOWN + 1 == 21
    assert said.splitlines()[0] == "votes.csv, line 8: worker is empty"
    assert said.splitlines()[-1] == "votes.csv: 1,480 more rows left out"


def test_a_quotation_mark_that_is_never_closed_says_how_far_it_reaches(csv_file) -> None:
    result, said = aggregate(csv_file(AGREED + 'a,x,"cat\nb,x,dog\nb,y,dog\n'))
    assert (result["votes"], result["bad_rows"]) == (6, 1)
    assert said.startswith("votes.csv, line 8: label holds a line break")
    assert said.endswith("(the row goes on to line 10)\n")


def test_a_field_without_end_is_one_bad_row(csv_file) -> None:
    result, said = aggregate(csv_file(votes_of("a,x,cat", f"a,y,{'c' * 200_000}", "a,z,cat")))
    assert (result["votes"], result["bad_rows"]) == (2, 1)
    assert said.startswith("votes.csv, line 3: field larger than field limit")


def test_yes_and_no_are_read_as_such(csv_file, tmp_path: Path) -> None:
    rows = [f"a,{worker},{label},{kind}" for worker in "xyz" for label, kind in [("cat", "No"), ("dog", " yes ")]]
    rows += ["b,x,cat,choice"]
    result, _ = aggregate(csv_file("\n".join(["task,worker,label,kind", *rows])), "--out", tmp_path / "labels.csv")
    assert (result["votes"], result["bad_rows"]) == (7, 0)
    assert [row["label"] for row in read_back(tmp_path / "labels.csv")] == ["dog", "cat"]


def test_a_truth_grades_the_tasks_that_have_one(csv_file) -> None:
    rows = [f"{task},{worker},{label}" for task, label in zip("abcd", "1100", strict=True) for worker in "xyz"]
    truth = csv_file("task,truth\na,1\nb,0\nc,0\nelsewhere,1\n", "truth.csv")
    result, _ = aggregate(csv_file(votes_of(*rows)), "--truth", truth, "--method", "majority")
    assert result["graded"] == 3
    assert result["accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    assert result["f1"] == pytest.approx(2 / 3, abs=1e-6)


def test_a_truth_that_nobody_voted_for_is_missed_and_changes_no_class(csv_file) -> None:
    truth = csv_file("truth,task\nbird,a\ndog,b\n", "truth.csv")
    result, _ = aggregate(csv_file(AGREED), "--truth", truth)
    assert (result["accuracy"], result["classes"], result["f1"]) == (0.5, 2, None)


def test_where_no_task_has_a_truth_there_is_no_accuracy(csv_file) -> None:
    result, _ = aggregate(csv_file(AGREED), "--truth", csv_file("task,truth\nq,cat\n", "truth.csv"))
    assert (result["graded"], result["accuracy"], result["f1"]) == (0, None, None)


def test_without_a_truth_nothing_is_graded(csv_file) -> None:
    assert not {"accuracy", "f1", "graded", "clamped"} & aggregate(csv_file(AGREED))[0].keys()


@pytest.mark.parametrize("column", ["truth", "label"])
def test_known_tasks_are_clamped_to_what_they_are(column: str, csv_file, tmp_path: Path) -> None:
    gold = csv_file(f"task,{column}\na,bird\nunvoted,fish\n", "gold.csv")
    result, _ = aggregate(csv_file(AGREED), "--gold", gold, "--out", tmp_path / "labels.csv")
    assert (result["clamped"], result["classes"]) == (1, 3)
    assert [(row["label"], row["votes"]) for row in read_back(tmp_path / "labels.csv")] == [("bird", "3"), ("dog", "3")]
    assert float(read_back(tmp_path / "labels.csv")[0]["confidence"]) == 1


def test_of_two_truths_of_a_task_the_first_holds_and_the_second_is_said(csv_file) -> None:
    truth = csv_file("task,truth\na,cat\na,dog\nb,dog\nb,dog\nb,nan\n", "truth.csv")
    result, said = aggregate(csv_file(AGREED), "--truth", truth)
    assert (result["accuracy"], result["bad_rows"]) == (1, 0)
    assert said.splitlines() == [
        "truth.csv, line 3: task 'a' has another truth further up",
        "truth.csv, line 6: truth is nan",
    ]


def test_classes_stand_in_the_order_of_their_numbers_or_names() -> None:
    assert sort_classes(["10", "9", "-1"]) == ["-1", "9", "10"]
    assert sort_classes(["b10", "b9", "a"]) == ["a", "b9", "b10"]
    assert sort_classes(["10", "9", "x"]) == ["9", "10", "x"]
    assert sort_classes(["1" * 5000, "2"]) == sort_classes(["2", "1" * 5000])


def test_people_read_a_summary(csv_file, tmp_path: Path) -> None:
    out = StringIO()
    arguments = ["--truth", csv_file("task,truth\na,cat\n", "truth.csv"), "--out", tmp_path / "labels.csv"]
    call_command("aggregate", csv_file(AGREED), *arguments, stdout=out)
    assert "votes.csv: 6 votes of 3 workers on 2 tasks, 2 classes, 0 rows left out" in out.getvalue()
    assert "accuracy 1.0000, on 1 tasks whose truth is known" in out.getvalue()
    assert f"Written to {tmp_path / 'labels.csv'}." in out.getvalue()


def test_what_is_no_file_of_votes_is_refused_in_one_line(csv_file, tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv") == f"There is no file {tmp_path / 'none.csv'}."
    assert "no column “worker”" in refused(csv_file("task,annotator,label\na,x,cat\n"))
    assert "no column “truth” or “label”" in refused(csv_file(AGREED), "--truth", csv_file("task,x\n", "t.csv"))
    assert "two columns “label”" in refused(csv_file("task,worker,label,label\na,x,cat,dog\n"))
    assert refused(csv_file("")).endswith("is empty.")
    assert refused(csv_file("\n\n")).endswith("is empty.")
    assert refused(csv_file(votes_of())).endswith("has no row that can be read.")
    assert refused(csv_file(votes_of("a,x,nan"))).endswith("has no row that can be read.")
    assert refused(csv_file(AGREED + "a,x,chât\n", encoding="latin-1")).endswith("is not UTF-8 text.")
    assert "can't be read: Is a directory" in refused(tmp_path)


def test_an_unknown_method_is_answered_with_those_there_are(csv_file) -> None:
    said = refused(csv_file(AGREED), "--method", "oracle")
    assert "There is no method “oracle”" in said
    assert all(name in said for name in METHODS)


def test_the_result_goes_to_no_place_where_it_would_do_harm(csv_file, tmp_path: Path) -> None:
    votes = csv_file(AGREED)
    assert "must go elsewhere" in refused(votes, "--out", votes)
    assert "There is no folder" in refused(votes, "--out", tmp_path / "nowhere" / "labels.csv")
    assert "not a file that can be replaced" in refused(votes, "--out", tmp_path)
    assert votes.read_text() == AGREED


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_csv(path, ["task"], [["a"]])

    def stops():
        yield ["b"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(path, ["task"], stops())
    assert path.read_text() == "task\na\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_long_file_takes_little_memory(tmp_path: Path) -> None:
    chance, path = random.Random(5), tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("task,worker,label\n")
        file.writelines(f"image-{chance.randrange(30_000)},w{i % 900},{chance.randrange(10)}\n" for i in range(300_000))
    tracemalloc.start()
    try:
        table = read_votes(path)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(table), len(table.workers), len(table.labels)) == (300_000, 900, 10)
    assert kept < 18e6 and peak < 30e6  # as tuples of strings they take 55 MB
    result, _ = aggregate(path, "--method", "majority")
    assert (result["votes"], result["classes"]) == (300_000, 10)


@pytest.mark.skipif(not CROWD.is_dir(), reason="TESSERA_DATA_DIR has no crowd/")
@pytest.mark.parametrize(("name", "majority"), [("bluebirds", 0.759), ("dogs4", 0.818), ("d_product", 0.897)])
def test_on_real_votes_the_default_method_beats_the_majority(name: str, majority: float) -> None:
    files = (CROWD / f"{name}.labels.csv", "--truth", CROWD / f"{name}.truth.csv")
    counted, _ = aggregate(*files, "--method", "majority")
    assert counted["accuracy"] == pytest.approx(majority, abs=0.002)
    result, said = aggregate(*files)
    assert said == ""
    assert result["accuracy"] > counted["accuracy"] + 0.01
