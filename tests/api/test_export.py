import csv
import io
import json

import pytest


@pytest.fixture
def export(dataset, alice, add_images, api):
    add_images(2, 0, label=True)
    add_images(1, 1, split="pool")

    def get(query: str = ""):
        return api(alice).get(f"/api/v1/datasets/{dataset.pk}/export/{query}")

    return get


def test_a_row_an_image_with_the_word_that_counts(export):
    rows = list(csv.DictReader(io.StringIO(export().getvalue().decode())))
    assert [(row["name"], row["label"], row["source"]) for row in rows] == [
        ("0.png", "dark", "owner"),
        ("1.png", "dark", "owner"),
        ("2.png", "", ""),
    ]


def test_the_same_rows_as_json(export):
    rows = json.loads(export("?as=json").getvalue())
    assert [row["label"] for row in rows] == ["dark", "dark", ""]
    assert rows[0]["confidence"] == 1.0


def test_it_streams_and_names_its_file(export):
    got = export()
    assert got.streaming
    assert got["Content-Disposition"].startswith("attachment; filename=")


def test_an_empty_data_set_exports_an_empty_list(dataset, alice, api):
    got = api(alice).get(f"/api/v1/datasets/{dataset.pk}/export/?as=json")
    assert got.getvalue() == b"[]"


def test_a_format_that_there_is_not_is_refused(export):
    assert export("?as=xml").status_code == 400


def test_a_spreadsheet_takes_no_name_for_a_formula(dataset, export):
    dataset.images.filter(name="2.png").update(name="=cmd()")
    dataset.classes.filter(index=0).update(name="@dark")
    assert "'=cmd()" in (text := export().getvalue().decode())
    assert "'@dark" in text
    assert json.loads(export("?as=json").getvalue())[2]["name"] == "=cmd()"
