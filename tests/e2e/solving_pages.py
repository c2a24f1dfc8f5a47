"""All that somebody may be shown who solves, by name: every kind with pictures, and what there is without."""

from collections.abc import Callable, Iterator

from playwright.sync_api import Page

from annotations.challenges.registry import OFFERED
from annotations.models import Campaign, Publication
from annotations.selectors import campaign_of
from gallery.models import DataSet, LabelClass

Open = Callable[[Page], None]
CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls]"


def solving_pages(dataset: DataSet) -> Iterator[tuple[str, Open]]:
    """Each with what opens it. They have to be opened in this order: the last find the data set changed."""
    for kind in OFFERED:
        yield kind, lambda page, kind=kind: _goto(page, f"/solve/?kind={kind}")
    yield "without pictures", lambda page: _goto(page, "/solve/without-pictures/")
    for kind in ("sound", "riddle"):
        yield kind, lambda page, kind=kind: _start(page, kind)
    yield "open questions", _send_nothing
    LabelClass.objects.filter(dataset=dataset).update(key="")
    yield "strip by names", lambda page: _goto(page, "/solve/?kind=strip")
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(publication=Publication.CLOSED)
    yield "nothing to ask", lambda page: _goto(page, "/solve/")


def _goto(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")


def _start(page: Page, kind: str) -> None:
    _goto(page, "/solve/without-pictures/")
    page.locator(f'button[name=kind][value="{kind}"]').click()
    page.locator("[data-unseen]").wait_for()


def _send_nothing(page: Page) -> None:
    """As from a browser that lets a form with open questions through."""
    _start(page, "riddle")
    page.locator("[data-unseen]").evaluate("form => form.submit()")
    page.locator("#unseen-problem").wait_for()
