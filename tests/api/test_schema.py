import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

ROOT = Path(__file__).parents[2]
LOAD = """
import sys
sys.path[:0] = ["platform", "."]
import django
django.setup()
import config.urls
from learning.engine.strategies import registry
assert registry.names()
print(sorted({"torch", "torchvision"} & set(sys.modules)))
"""


def test_the_schema_is_valid_and_typed_throughout(db):
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_the_web_process_never_loads_torch(var_dir):
    """Workers load it; a page or an endpoint only leaves them a row."""
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "TESSERA_VAR_DIR": str(var_dir), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_root_leads_to_addresses_that_answer(ada, api):
    root = api(ada).get("/api/v1/").json()
    assert {"datasets", "tokens", "schema", "docs"} <= set(root)
    for name, address in root.items():
        status = api(ada).get(address).status_code
        assert status == (405 if name in {"tokens", "accounts"} else 200), name


def test_the_docs_page_shows_every_door(client, db):
    page = client.get(reverse("api-docs")).content.decode()
    for shown in (
        "POST /api/v1/tokens/",
        "GET /api/v1/datasets/{id}/compare/",
        "minimum_trusted",
        "private or public",
        "image/jpeg",
    ):
        assert shown in page


def test_the_docs_page_loads_nothing_from_elsewhere(client, db):
    page = client.get(reverse("api-docs")).content.decode()
    assert 'src="http' not in page
    assert '<link rel="stylesheet" href="http' not in page


def test_an_address_that_there_is_not_answers_as_a_problem(db, api):
    got = api().get("/api/v1/datasets/99/")
    assert got.status_code == 404
    assert got["Content-Type"] == "application/problem+json"
    assert got.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such thing here, or it is not yours to see.",
    }


@pytest.mark.parametrize("address", ["", "datasets/", "datasets/99/", "review/annotators/"])
def test_a_person_who_browses_is_shown_a_page(db, client, address):
    got = client.get(f"/api/v1/{address}", headers={"accept": "text/html"})
    assert got["Content-Type"].startswith("text/html")


def test_a_body_that_is_no_json_is_a_problem_in_words(bob, api):
    got = api(bob).patch("/api/v1/me/", "{", content_type="application/json")
    assert got.status_code == 400
    assert "JSON parse error" in got.json()["detail"]
