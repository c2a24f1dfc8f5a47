"""Every page of the demo, on a phone and on a desk, light and dark, as somebody sees it who may."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from django.db.models import F
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from annotations.models import Annotator
from gallery.models import DataSet
from learning.demo import people
from learning.demo.checks import ADDRESS, CannotStart
from learning.demo.digits import NAME
from learning.demo.processes import running, server_command

WIDTHS = {390: 844, 1280: 800}
PHONE = 600  # px: narrower ones have a finger for a pointer
THEMES = ("light", "dark")
VISITOR, UPLOADER, ADMINISTRATOR = "", people.UPLOADER, people.PEOPLE[0][0]
# A picture of the whole page shows what nobody has scrolled to, and the browser would not have loaded it yet.
LAZY_TOO = """() => Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode().catch(() => {});
}))"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser_path() -> str:
    """The Chromium on this machine; "" where there is none."""
    return os.environ.get("TESSERA_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), "")


def screenshots(folder: Path, password: str) -> Iterator[Path]:
    pages = _pages(_demo())
    if not (chromium := browser_path()):
        raise CannotStart("There is no Chromium here: `make test` installs it, or set TESSERA_CHROMIUM to its path.")
    folder.mkdir(parents=True, exist_ok=True)
    with _served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in WIDTHS:
            for theme in THEMES:
                yield from _look(browser, address, pages, folder, password, width, theme)


def _demo() -> DataSet:
    dataset = DataSet.objects.filter(name=NAME, owner__email=UPLOADER).first()
    if dataset is None:
        raise CannotStart("There is nothing to look at yet: start `make demo` once.")
    return dataset


def _pages(dataset: DataSet) -> dict[str, list[tuple[str, str]]]:
    """Who sees it → (name, address)."""
    image = dataset.images.shown().filter(tags__isnull=False).order_by(F("consensus__votes").desc(nulls_last=True))[0]
    annotator = Annotator.objects.filter(flags__isnull=False).first() or Annotator.objects.first()
    here = {"pk": dataset.pk}
    visitor = [(name, reverse(name)) for name in ("home", "about", "datasets", "login", "signup", "password_reset")]
    visitor += [(f"solve-{kind}", f"{reverse('solve')}?kind={kind}") for kind in ("grid", "strip")]
    visitor += [
        ("dataset-visitor", reverse("dataset", kwargs=here)),
        ("image-visitor", reverse("image", args=[image.pk])),
        ("api", reverse("api_root")),
        ("api-docs", reverse("api-docs")),
        ("password_reset_done", reverse("password_reset_done")),
        ("404", "/nowhere/"),
    ]
    uploader = [(name, reverse(name)) for name in ("account", "upload_choose", "dataset_create", "my_reliability")]
    uploader += [("datasets-own", reverse("datasets"))]
    own = ("dataset", "dataset_edit", "dataset_label", "upload", "dataset_policy", "dataset_gold")
    own += ("dataset_contested", "dataset_agreement")
    uploader += [(name, reverse(name, kwargs=here)) for name in own]
    uploader += [("image", reverse("image", args=[image.pk]))]
    rooms = ("review", "review_datasets", "review_reports", "review_blocked", "review_contested", "review_appeals")
    reviewer = [(name, reverse(name)) for name in rooms]
    reviewer += [("audit_log", reverse("audit_log")), ("admin", reverse("admin:index"))]
    reviewer += [("image-reviewer", reverse("image", args=[image.pk]))]
    reviewer += [("admin-users", reverse("admin:accounts_user_changelist"))]
    reviewer += [("admin-dataset", reverse("admin:gallery_dataset_change", args=[dataset.pk]))]
    if annotator:
        reviewer += [("review_annotator", reverse("review_annotator", args=[annotator.pk]))]
    return {VISITOR: visitor, UPLOADER: uploader, ADMINISTRATOR: reviewer}


def _look(
    browser: Browser,
    address: str,
    pages: dict[str, list[tuple[str, str]]],
    folder: Path,
    password: str,
    width: int,
    theme: str,
) -> Iterator[Path]:
    for who, addresses in pages.items():
        context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            color_scheme="dark" if theme == "dark" else "light",
            has_touch=width < PHONE,
            is_mobile=width < PHONE,
        )
        if who:
            _log_in(context, address, who, password)
        for name, path in addresses:
            yield _shoot(context.new_page(), address + path, folder / f"{name}-{width}-{theme}.png")
        context.close()


def _log_in(context: BrowserContext, address: str, email: str, password: str) -> None:
    page = context.new_page()
    page.goto(address + reverse("login"))
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: reverse("login") not in url)
    page.close()


def _shoot(page: Page, url: str, file: Path) -> Path:
    page.goto(url)
    # What htmx loads after the page; a page that goes on polling is shown as it is by then.
    page.wait_for_timeout(500)
    page.evaluate(LAZY_TOO)
    page.wait_for_timeout(300)
    page.screenshot(path=str(file), full_page=True)
    page.close()
    return file


@contextmanager
def _served() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port = probe.getsockname()[1]
    with running({"screenshots": server_command(port)}):
        address = f"http://{ADDRESS}:{port}"
        _wait(address)
        yield address


def _wait(address: str) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        try:
            urlopen(address + "/healthz", timeout=5).close()
            return
        except (URLError, TimeoutError):
            sleep(0.2)
    raise CannotStart("The web server does not answer.")
