"""A challenge as a template's context: what is asked, and what stands in the form already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from annotations.challenges.kind import Kind
from annotations.challenges.registry import KINDS
from annotations.challenges.strip import is_typed
from annotations.challenges.tiles import Keys, offered_keys
from annotations.forms import ChoiceForm
from annotations.models import Challenge
from annotations.selectors import keys_of
from annotations.services.answering import composed_of
from annotations.spoken import options_spoken, spoken
from gallery.models import DataSet

TILE_KEYS = "123456789abcdefg"  # that solve.js chooses tiles by
ASKED_ONE_BY_ONE = ("series", "rows")  # the forms that send an answer a question


@dataclass(frozen=True)
class Wish:
    """What somebody asked to solve; `query` carries it from one challenge to the next."""

    dataset: DataSet | None
    kind: str | None
    query: str

    def address(self, name: str, *args: object, **more: str) -> str:
        query = QueryDict(self.query, mutable=True)
        query.update(more)
        return reverse(name, args=args) + (f"?{query.urlencode()}" if query else "")


@dataclass(frozen=True)
class Filled:
    """What was answered in a form that is shown once more."""

    typed: str = ""
    tiles: Sequence[str] = ()
    each: Sequence[str] = field(default_factory=list)


def wish_of(request: HttpRequest) -> Wish:
    form = ChoiceForm(request.GET)
    if not form.is_valid():
        if request.method == "POST":  # the data set was withdrawn while somebody was answering
            return Wish(None, None, "")
        raise Http404
    chosen = QueryDict(mutable=True)
    chosen.update({name: request.GET[name] for name in ("dataset", "kind") if request.GET.get(name)})
    return Wish(form.cleaned_data["dataset"], form.cleaned_data["kind"] or None, chosen.urlencode())


def filled_from(challenge: Challenge, post: QueryDict) -> Filled:
    kind = KINDS[challenge.kind]
    asked = [post.get(f"tile-{place}", "") for place in range(kind.n_questions)]
    each = asked if kind.form in ASKED_ONE_BY_ONE else post.getlist("choice")
    return Filled(post.get("answer", ""), post.getlist("tiles"), each)


def filled_again(challenge: Challenge, raw: object) -> Filled:
    """From an answer as it was sent to be graded."""
    if isinstance(raw, str):
        return Filled(typed=raw if KINDS[challenge.kind].form == "name" else "")
    said = [str(one) for one in raw] if isinstance(raw, list) else []
    return Filled(tiles=said) if KINDS[challenge.kind].form == "select" else Filled(each=said)


def shown(challenge: Challenge, wish: Wish, filled: Filled | None = None, *, until: datetime) -> dict[str, Any]:
    keys, kind, filled = keys_of(challenge.dataset), KINDS[challenge.kind], filled or Filled()
    each = [*filled.each, *[""] * (kind.n_questions - len(filled.each))]
    return {
        "challenge": challenge,
        "target": keys[challenge.target][1] if challenge.target is not None else None,
        "sprite_url": reverse("solve_sprite", args=[challenge.pk]),
        "answer_url": wish.address("solve_answer", challenge.pk),
        "report_url": wish.address("solve_report", challenge.pk),
        "form": kind.form,
        "title": spoken(kind.title),
        "form_template": f"annotations/solve_{kind.form}.html",
        "skip_url": wish.address("solve"),
        "skip_widget_url": wish.address("solve_widget"),
        "unseen_url": reverse("unseen"),
        "seconds": max(1, round((until - timezone.now()).total_seconds())),
        "columns": kind.columns,
        "keys": TILE_KEYS[: kind.size] if kind.form == "select" else "",
        "example": kind.size if kind.references else None,
        "positions": range(kind.size),
        "lines": [range(start, start + kind.columns) for start in range(0, kind.size, kind.columns)],
        "questions": _questions(challenge, kind, keys, each),
        "typed_answer": filled.typed,
        "chosen": filled.tiles,
        "picked": each,
        **answer_words(offered_keys(keys)),
    }


def _questions(challenge: Challenge, kind: Kind, keys: Keys, each: Sequence[str]) -> list[dict[str, Any]]:
    if kind.form not in ASKED_ONE_BY_ONE:
        return []
    asked = zip(kind.questions(composed_of(challenge), keys), each, strict=True)
    return [
        {
            "asks": spoken(question.asks),
            "options": (options := options_spoken(question.options)),
            "picked": picked,
            "tiles": list(zip(_tiles_of(kind, place), options, strict=False)),
            "words": options[kind.places :],
        }
        for place, (question, picked) in enumerate(asked)
    ]


def _tiles_of(kind: Kind, place: int) -> range:
    """The positions of a row's tiles, to which its first options point."""
    return range(place * kind.per_question, (place + 1) * kind.per_question)


def shown_at(kind: Kind) -> range:
    """The positions of all that can be reported."""
    return range(kind.size + kind.references)


def answer_words(keys: Keys) -> dict[str, Any]:
    digits = all(key.isascii() and key.isdigit() for key, _ in keys)
    return {
        "typed": is_typed(keys),
        "names": [name for _, name in keys],
        "legend": [(key, name) for key, name in keys if key.casefold() != name.casefold()],
        # The pad with ten digits and a point; the point stands for the question mark that it lacks.
        "inputmode": "decimal" if digits else "",
        "label": gettext("Type the ten digits in order, ? or a point where you can't tell")
        if digits
        else gettext("Type the ten keys in order, ? where you can't tell"),
    }
