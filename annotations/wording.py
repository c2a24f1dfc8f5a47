"""Answers in words, for pages."""

from annotations.models import AnswerKind


def said(kind: int, answer: int, names: list[str]) -> str:
    name = named(answer, names)
    return {AnswerKind.NO: f"not {name}", AnswerKind.YES: f"yes, {name}"}.get(AnswerKind(kind), name)


def named(index: int, names: list[str]) -> str:
    return names[index] if index < len(names) else "a class that is no more"
