import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, sync_playwright

from learning.demo.screenshots import browser_path

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
