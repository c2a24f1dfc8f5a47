"""Answers in words, for pages."""

from django.utils.translation import gettext

from annotations.models import AnswerKind


def said(kind: int, answer: int, names: list[str]) -> str:
    name = named(answer, names)
    return {
        AnswerKind.NO: gettext("not %(name)s") % {"name": name},
        AnswerKind.YES: gettext("yes, %(name)s") % {"name": name},
    }.get(AnswerKind(kind), name)


def changed_words(changed: int | None) -> str:
    """What a decision has changed: None while that is being worked out."""
    if changed is None:
        return "What they answered is being worked out again; their own pages and the log say when that is done."
    return "1 image changed." if changed == 1 else f"{changed} images changed."


def named(index: int, names: list[str]) -> str:
    return names[index] if index < len(names) else gettext("a class that is no more")
