"""Every page by axe-core, light and dark, as those see it who may: no violation of any of its rules."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import BrowserContext, Page

from accounts.models import Role, User
from annotations.challenges.registry import OFFERED
from annotations.models import Annotator, Campaign
from annotations.sites.services.sites import site_create
from gallery.models import DataSet
from learning.bench.solvers import ServiceSolver, whole_truth
from learning.engine.annotators import SimulatedAnnotator
from learning.models import ModelVersion
from learning.services.requests import run_request
from learning.services.serving import version_shadow

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VISITORS = ["home", "about", "datasets", "login", "signup", "password_reset", "password_reset_done"]
VISITORS += ["password_reset_complete", "api-docs", "unseen", "solve_scoreboard"]
OWN = ["account", "my_reliability", "upload_choose", "dataset_create", "scoreboard_listing", "solve_taught"]
OWN += ["sites", "site_create"]
OF_SITE = ["site", "site_edit", "site_rotate", "site_playground"]
OF_DATASET = ["dataset", "dataset_edit", "dataset_label", "upload", "dataset_learning", "dataset_asked"]
OF_DATASET += ["dataset_policy", "dataset_gold", "dataset_gold_add", "dataset_contested", "dataset_agreement"]
OF_IMAGE = ["image", "image_votes", "image_explanations", "image_control"]
REVIEW = ["review", "review_blocked", "review_datasets", "review_reports", "review_contested", "review_appeals"]
REVIEW += ["audit_log"]
BY_HAND = {"solve", "class_edit", "version", "image_explanation", "password_reset_confirm", "review_annotator"}
BY_HAND |= {"person_models", "unseen_one", "solve_undo"}
# What is posted to, a file, or a piece of a page above.
NO_PAGES = {"solve_verdict", "solve_widget", "solve_answer", "solve_sprite", "solve_report", "image_correct"}
NO_PAGES |= {"image_report"}
NO_PAGES |= {"dataset_campaign", "review_dataset_decide", "review_report_decide", "review_decide", "review_refit"}
NO_PAGES |= {"review_effect", "review_bulk", "review_bulk_decide", "review_appeal_decide", "appeal_make", "image_rule"}
NO_PAGES |= {"image_rule_withdraw", "image_regrade", "dataset_gold_import", "gold_retire", "gold_unretire"}
NO_PAGES |= {"class_add", "class_remove", "class_restore", "dataset_export", "image_tags", "image_file"}
NO_PAGES |= {"image_thumbnail", "image_delete", "logout", "token_create", "token_revoke", "loop_figures"}
NO_PAGES |= {"dataset_train", "dataset_ask_anew", "dataset_scores", "dataset_resume", "round_scores"}
NO_PAGES |= {"version_bring_back", "version_shadow", "version_shadow_end", "version_weights", "image_explain"}
NO_PAGES |= {"image_explanation", "person_retrain", "health", "schema", "my_datasets"}
NO_PAGES |= {"unseen_start", "unseen_answer", "unseen_sound", "set_language"}
NO_PAGES |= {"siteverify", "recaptcha_siteverify", "turnstile_siteverify"}
# The widget's frames are looked at in test_widget_for_everybody.py.
NO_PAGES |= {"widget_script", "widget_script_secure", "widget_script_recaptcha", "widget_script_turnstile"}
NO_PAGES |= {"embed_widget", "embed_begin", "embed_visit", "embed_next", "embed_sprite", "embed_answer", "embed_report"}
NO_PAGES |= {"embed_ways", "embed_unseen", "embed_unseen_answer", "embed_sound"}
NO_PAGES |= {"site_close", "site_open", "site_test_mode"}
NO_PAGES |= {"api_root"}  # Django REST framework's own page, as a browser sees the API


def test_every_page_stands_in_a_list_above() -> None:
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    known = {*VISITORS, *OWN, *OF_DATASET, *OF_IMAGE, *OF_SITE, *REVIEW, *BY_HAND, *NO_PAGES}
    assert {name for name in names if not name.startswith("api-")} - known == set()
    assert known - names == set()


@pytest.fixture
def lived_in(digits: DataSet) -> DataSet:
    """Two versions, one beside the other, and people who answer every kind, one of them against us."""
    Campaign.objects.filter(dataset=digits).update(kinds=list(OFFERED))
    truth = whole_truth(digits)
    for kind, accuracy in (("honest", 0.95), ("adversarial", 0.0)):
        solver = ServiceSolver(SimulatedAnnotator(kind, accuracy, 1, n_classes=10), digits, truth)
        for _ in range(8):
            solver.solve()
    run_request(dataset=digits, trigger="a test")
    other = ModelVersion.objects.exclude(state="champion").first()
    if other:
        version_shadow(version=other, by=digits.owner)
    return digits


def addresses(dataset: DataSet) -> dict[str, list[str]]:
    """Who looks → at what."""
    image = dataset.images.shown().filter(consensus__isnull=False).order_by("-consensus__votes").first()
    reviewer = User.objects.create_user("rita@example.org", role=Role.ADMINISTRATOR)
    person = Annotator.objects.order_by("-pk").first()
    token = [urlsafe_base64_encode(str(reviewer.pk).encode()), default_token_generator.make_token(reviewer)]
    solve = [f"{reverse('solve')}?dataset={dataset.pk}&kind={kind}" for kind in OFFERED]
    own = [reverse(name, args=[dataset.pk]) for name in OF_DATASET]
    own += [reverse(name, args=[image.pk]) for name in OF_IMAGE if name != "image_control"]
    site, _ = site_create(owner=dataset.owner, name="A shop", hosts=["shop.example"], datasets=[dataset])
    own += [reverse(name, args=[site.pk]) for name in OF_SITE]
    own += [reverse("class_edit", args=[dataset.pk, 1])]
    own += [reverse("version", args=[dataset.pk, version.number]) for version in dataset.versions.all()]
    rooms = [reverse(name) for name in REVIEW] + [reverse("image_control", args=[image.pk])]
    rooms += [reverse(name, args=[person.pk]) for name in ("review_annotator", "person_models")]
    return {
        "": [*map(reverse, VISITORS), *solve, reverse("password_reset_confirm", args=token), "/nowhere/"],
        dataset.owner.email: [*map(reverse, OWN), *own],
        reviewer.email: rooms,
    }


def test_axe_finds_nothing(chromium, live_server, lived_in: DataSet) -> None:
    found = []
    for who, pages in addresses(lived_in).items():
        context = chromium.new_context(base_url=live_server.url, reduced_motion="reduce")
        if who:
            log_in(context, live_server.url, User.objects.get(email=who))
        page = context.new_page()
        found += [f"{address}: {line}" for address in pages for line in violations(page, address)]
        context.close()
    assert not found, "\n".join(found)


def log_in(context: BrowserContext, url: str, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def violations(page: Page, address: str) -> Iterator[str]:
    page.goto(address)
    page.wait_for_load_state("networkidle") if "solve" in address else page.wait_for_timeout(150)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for one in Axe().run(page).response["violations"]:
            where = "; ".join(f"{node['target'][0]} {node['html'][:120]}" for node in one["nodes"][:3])
            yield f"{theme}: {one['id']} ({one['help']}), {len(one['nodes'])} times: {where}"
