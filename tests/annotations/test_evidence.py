"""What a person's answers show, drawn for the reviewer who decides: drift, company, patterns, bits."""

import re

import numpy as np
import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from annotations.consensus.drift import drift
from annotations.consensus.sequences import Finding
from annotations.models import Annotator, Flag, Suspicion
from annotations.pattern_words import sentence
from annotations.plots import circle, drift_plot
from annotations.services.consensus import consensus_refit
from annotations.services.suspicions import suspicions_refresh
from annotations.views.plots import plots
from tests.annotations.crowds import accurate, check, mixed, name_all, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_rita(client: Client, rita) -> Client:
    client.force_login(rita)
    return client


@pytest.fixture
def colluding(dataset, pictures, b, c) -> list[Annotator]:
    """Bob, Charlie and a visitor share their wrong answers, on 90 pictures that five others name well."""
    images = mixed(pictures, 90)
    shift = np.random.default_rng(4).integers(1, 3, size=90)
    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.95, seed))
    group = [b, c, *people(1)]
    for person in group:
        name_all(person, images, lambda at, truth: (truth + int(shift[at])) % 3 if at % 2 else truth)
    consensus_refit(dataset=dataset)
    suspicions_refresh(dataset=dataset)
    return group


def drawn(person: Annotator) -> str:
    html = render_to_string("annotations/review_evidence_plots.html", {"plots": plots(person)})
    return re.sub(r"\s+", " ", html)


def test_the_drift_of_somebody_who_turned_is_drawn_with_its_alarm_and_told_in_words(dataset, pictures, b) -> None:
    check(b, dataset, pictures(1, 0, label=True)[0], [True] * 100 + [False] * 40)
    consensus_refit(dataset=dataset)
    html = drawn(b)
    assert html.count("<polyline") == 1
    assert "Drift over 140 graded answers: naming the class" in html
    assert re.search(r"the sum passes its threshold at answer 10\d, after a fall that begins at 101\.", html)
    assert re.search(r"<title>Alarm at answer 10\d</title>", html)


def test_somebody_steady_has_a_path_without_an_alarm(dataset, pictures, b) -> None:
    check(b, dataset, pictures(1, 0, label=True)[0], [True] * 140)
    consensus_refit(dataset=dataset)
    html = drawn(b)
    assert "nothing speaks for a fall" in html
    assert "Alarm at answer" not in html


def test_with_few_answers_it_says_how_many_it_takes(dataset, pictures, b) -> None:
    check(b, dataset, pictures(1, 0, label=True)[0], [True] * 10)
    consensus_refit(dataset=dataset)
    html = drawn(b)
    assert "Drift shows from 60 answers on" in html
    assert "Said from 30 answers on" in html
    assert "Nobody gives the same wrong answers" in html


def test_company_is_drawn_and_listed_with_links_to_its_pages(colluding) -> None:
    html = drawn(colluding[0])
    assert html.count('class="graph-self"') == 1
    assert html.count('class="graph-node"') == 2
    assert html.count('class="graph-edge"') == 2  # of the person to both
    assert html.count('class="graph-between"') == 1  # of these to each other
    for partner in colluding[1:]:
        assert f'href="{reverse("review_annotator", args=[partner.pk])}"' in html
        assert str(partner) in html


def test_patterns_are_told_with_their_p_value(dataset, pictures, b) -> None:
    images = mixed(pictures, 60)
    for seed, person in enumerate(people(5)):
        name_all(person, images, accurate(0.95, seed))
    name_all(b, images, lambda at, truth: 2)
    consensus_refit(dataset=dataset)
    html = drawn(b)
    assert 'Named the same class 60 times in a row, in 60 answers <span class="muted">(p &lt; 0.000001)</span>' in html
    assert "Unlikely" in html


def test_agreement_leaves_their_own_answer_out(dataset, pictures, b, c) -> None:
    images = pictures(4, 0)
    name_all(b, images, lambda at, truth: at % 2)
    name_all(c, images, lambda at, truth: 0)
    consensus_refit(dataset=dataset)
    assert "in 50% of 4 answers that somebody else has given too" in drawn(b)


def test_bits_are_shown(dataset, pictures, b) -> None:
    check(b, dataset, pictures(1, 0, label=True)[0], [True] * 60)
    consensus_refit(dataset=dataset)
    suspicions_refresh(dataset=dataset)
    told = re.search(r"<dd>([\d.]+) of 1\.58 bits", drawn(b))
    assert told
    assert 1 < float(told[1]) < 1.58


def test_who_is_blocked_can_still_be_looked_at(as_rita, colluding, rita) -> None:
    url = reverse("review_decide", args=[colluding[0].pk])
    as_rita.post(url, {"verdict": "block"})
    one = plots(colluding[0])[0]
    assert one["patterns"]
    assert len(one["graph"]["rows"]) == 2


def test_the_page_of_a_person_has_the_plots_in_its_context(as_rita, colluding) -> None:
    response = as_rita.get(reverse("review_annotator", args=[colluding[0].pk]))
    assert response.status_code == 200
    assert len(response.context["plots"]) == 1


def test_a_partner_who_is_no_more_is_left_out(dataset, b) -> None:
    evidence = {"partners": [{"person": 999_999, "identical": 5, "expected": 1, "p_value": 1e-9}]}
    Flag.objects.create(annotator=b, dataset=dataset, kind=Suspicion.COLLUSION, reason="x", evidence=evidence)
    b.reliabilities.create(dataset=dataset)
    assert plots(b)[0]["graph"] is None


def test_nothing_is_styled_or_run_inline(colluding) -> None:
    html = drawn(colluding[0])
    assert " style=" not in html
    assert "<script" not in html


# ── Pure: from numbers to places ─────────────────────────────────────────────────────────────────────────────────────


def test_a_long_path_is_drawn_in_few_points_and_keeps_its_peak() -> None:
    one = drift(np.concatenate([np.ones(3000), np.zeros(20), np.ones(3000)]))
    plot = drift_plot(one, plot_id="a", asked="x")
    points = [tuple(map(float, point.split(","))) for point in plot["path"].split()]
    assert len(points) <= 203
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert min(y for _, y in points) == pytest.approx(100 - 100 / 1.1, abs=0.01)
    assert 0 < plot["alarm"]["y"] < plot["threshold"] < 100


def test_people_stand_on_a_circle_and_the_closest_have_the_widest_line() -> None:
    graph = circle(["a", "b", "c", "d"], [(0, 1, 20), (0, 2, 5), (0, 3, 0.1)])
    top, right, bottom, left = graph["nodes"]
    assert (top["x"], top["y"], top["is_self"]) == (232, 40, True)
    assert (right["x"], bottom["y"], left["x"]) == (322, 220, 142)
    assert (right["anchor"], bottom["anchor"], left["anchor"]) == ("start", "middle", "end")
    assert [edge["width"] for edge in graph["edges"]] == [8, 2, 1]


def test_the_lines_of_a_large_ring_leave_gaps_and_the_persons_own_lie_on_top() -> None:
    graph = circle([str(place) for place in range(13)], [(a, b, 9) for a in range(13) for b in range(a)])
    assert max(edge["width"] for edge in graph["edges"]) < 4
    assert [edge["is_own"] for edge in graph["edges"]] == [False] * 66 + [True] * 12


def test_times_that_differ_are_not_called_the_same() -> None:
    assert sentence("even", Finding(0.5, 1.0, 40)) == "From one of 40 challenges to another the time varies by 65%"
