import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, sync_playwright

from accounts.models import User
from annotations.challenges.registry import OFFERED
from annotations.models import Campaign, Publication
from annotations.selectors import campaign_of
from annotations.sites.services.sites import site_create
from gallery.models import DataSet
from learning.demo.digits import digits_load
from learning.demo.screenshots import browser_path
from learning.engine.trained import TrainingConfig
from learning.services.requests import run_request

from .shop import HOST, Shop, opened

# Playwright's loop runs in the test's thread; nothing else here is asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    path = browser_path()
    if not path:
        warnings.warn("NO CHROMIUM FOUND: the browser tests are skipped.", stacklevel=1)
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture
def page(chromium, live_server, request) -> Iterator[Page]:
    """A fresh visitor. What they saw last is kept where the test fails, in var/e2e/."""
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    visitor = context.new_page()
    problems: list[str] = []
    visitor.on("pageerror", lambda error: problems.append(str(error)))
    visitor.set_default_timeout(15_000)
    failed = request.session.testsfailed
    yield visitor
    if request.session.testsfailed > failed:
        folder = Path(settings.BASE_DIR) / "var" / "e2e"
        folder.mkdir(parents=True, exist_ok=True)
        visitor.screenshot(path=str(folder / f"{request.node.name}.png"), full_page=True)
    context.close()
    assert not problems, problems


@pytest.fixture
def digits(transactional_db, monkeypatch) -> DataSet:
    """A third of the digits, with a model in a hurry, open for everybody's pictures."""
    monkeypatch.setattr(
        "learning.services.planning.TrainingConfig", lambda **fields: TrainingConfig(**{**fields, "min_steps": 40})
    )
    owner = User.objects.create_user("owner@example.org")
    monkeypatch.setattr("learning.demo.digits.GOLD", 0.25)
    dataset = digits_load(owner=owner, limit=600)
    DataSet.objects.filter(pk=dataset.pk).update(open_for_contributions=True)
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(publication=Publication.APPROVED)
    run_request(dataset=dataset, trigger="a test")
    return dataset


@pytest.fixture
def asked(transactional_db, published: DataSet) -> DataSet:
    Campaign.objects.update(kinds=list(OFFERED))
    return published


@pytest.fixture
def visit(chromium, live_server) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(**options: object) -> Page:
        contexts.append(chromium.new_context(base_url=live_server.url, **options))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def shop(transactional_db, live_server, published: DataSet) -> Iterator[Shop]:
    """Bob's, whose pages show the widget and label Alice's Shades."""
    bob = User.objects.create_user("bob@example.org")
    site, _ = site_create(owner=bob, name="A shop", hosts=[HOST], datasets=[published])
    with opened(site, live_server.url) as shop:
        yield shop
