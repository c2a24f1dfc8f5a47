"""What a form sends, as a challenge's kind reads it."""

from django.http import QueryDict
from django.utils.translation import gettext

from annotations.challenges.grid import NONE
from annotations.challenges.registry import KINDS
from annotations.challenges.strip import CANT_TELL, is_typed
from annotations.challenges.tiles import AnswerError, offered_keys
from annotations.models import Challenge
from annotations.selectors import keys_of
from annotations.views.solve_shown import ASKED_ONE_BY_ONE, answer_words


def raw_answer(challenge: Challenge, post: QueryDict) -> object:
    """Raises AnswerError for what could not be meant."""
    kind = KINDS[challenge.kind]
    if kind.form == "select":
        return _selected(post)
    if kind.form in ASKED_ONE_BY_ONE:
        return _answered_each([post.get(f"tile-{place}", "") for place in range(kind.n_questions)])
    keys = offered_keys(keys_of(challenge.dataset))
    if not is_typed(keys):
        return _named(post.getlist("choice"))
    typed = post.get("answer", "")
    return typed.replace(".", CANT_TELL).replace(",", CANT_TELL) if answer_words(keys)["inputmode"] else typed


def _selected(post: QueryDict) -> list[str] | str:
    """That there is none is said by a button of its own, so that nobody says it by submitting too early."""
    tiles, none = post.getlist("tiles"), "none" in post
    if none and tiles:
        raise AnswerError(gettext("Some pictures are chosen. Submit them, or take that back if it is none of these."))
    if not none and not tiles:
        raise AnswerError(gettext("Choose the pictures that show it, or say that it is none of these."))
    return tiles or NONE


def _answered_each(said: list[str]) -> list[str]:
    if "" in said:
        raise AnswerError(gettext("Answer every question, if only that you can’t tell."))
    return said


def _named(choices: list[str]) -> list[str]:
    if "" in choices:
        raise AnswerError(gettext("Name every picture, or choose “can't tell”."))
    return choices
