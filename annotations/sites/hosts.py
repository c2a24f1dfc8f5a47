"""Names of hosts: which are well-formed, and which may show a site's widget."""

import re
from collections.abc import Collection, Iterable

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
LONGEST = 253


class BadHost(ValueError):  # noqa: N818 - it tells what is wrong with the name
    """The message says which, and why."""


def host_read(text: str) -> str:
    """A host's name as browsers write it, from what somebody types: an address is cut down to its host. `*.` in front
    stands for all names below. Raises BadHost."""
    name = text.strip().lower()
    name = name.rpartition("://")[2]
    name = re.split(r"[/?#]", name, maxsplit=1)[0].rpartition("@")[2]
    name = re.sub(r":\d*$", "", name).rstrip(".")
    below = name.startswith("*.")
    try:
        plain = name.removeprefix("*.").encode("idna").decode() if name.removeprefix("*.") else ""
    except UnicodeError:
        plain = ""
    if not plain or len(plain) > LONGEST or not all(LABEL.fullmatch(label) for label in plain.split(".")):
        raise BadHost(text)
    return f"*.{plain}" if below else plain


def host_fits(host: str, allowed: Collection[str]) -> bool:
    """Whether a page of this `host` may show what `allowed` names."""
    name = host.lower().rstrip(".")
    above = name.split(".")
    wildcards = {"*." + ".".join(above[place:]) for place in range(1, len(above))}
    return name in allowed or not wildcards.isdisjoint(allowed)


def hosts_read(typed: Iterable[str]) -> tuple[list[str], dict[int, str]]:
    """The hosts of several lines, each once, and what is wrong with which line, counted from 1. Empty ones are passed
    over."""
    hosts: dict[str, None] = {}
    wrong: dict[int, str] = {}
    for line, text in enumerate(typed, start=1):
        if not text.strip():
            continue
        try:
            hosts[host_read(text)] = None
        except BadHost:
            wrong[line] = f"“{text.strip()[:LONGEST]}” is no host name. Write it like shop.example or *.shop.example."
    return list(hosts), wrong
