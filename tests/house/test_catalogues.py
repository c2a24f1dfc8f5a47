"""The catalogues that people read: complete, compiled, with the same values in them, and nothing beside them."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "platform" / "locale"
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
every_language = pytest.mark.parametrize("language", LANGUAGES)
PLACES = re.compile(r"%\(\w+\)s|%%|\{\w+\}|</?\w+[^>]*>")
# What somebody meets who solves. Pages for owners, reviewers and administrators are in English for now.
MET = ("400", "403", "403_csrf", "404", "429", "500", "base")
MET += tuple(f"components/{name}" for name in ("error_page", "languages", "messages", "nav_account", "nav_link"))
MET += tuple(f"components/{name}" for name in ("nav_main", "notice", "theme_toggle"))
MET += ("gallery/home", "gallery/dataset_card", "gallery/my_datasets", "learning/taught", "learning/figures")
MET += ("annotations/my_reliability", "annotations/scoreboard_listing", "annotations/interval", "annotations/alone")
FAMILIES = ("accounts/*", "registration/*", "components/challenge_*", "annotations/solve*", "annotations/unseen*")
FAMILIES += ("annotations/own_*", "sites/widget_*")
NAMES = {"Tessera", "API"}
# Keys are called by what is printed on them.
SAID_ELSEWHERE = re.compile(
    r"\{%\s*(?:block)?translate\b(?:(?!%\}).)*%\}(?:(?:(?!\{%\s*blocktranslate).)*?\{%\s*endblocktranslate\s*%\})"
    r"|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<(?:kbd|code)\b.*?</(?:kbd|code)>",
    re.DOTALL,
)


def catalogue(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def forms(said: str | tuple[str, ...] | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


@every_language
def test_every_sentence_is_translated_and_none_in_doubt(language: str) -> None:
    found = messages(language)
    assert len(found) > 300
    assert [message.id for message in found if message.fuzzy or not all(forms(message.string))] == []


@every_language
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = {tuple(forms(message.id)): forms(message.string) for message in read_mo(file) if message.id}
    assert compiled == {tuple(forms(message.id)): forms(message.string) for message in messages(language)}


@every_language
def test_every_form_names_the_same_values_and_tags(language: str) -> None:
    for message in messages(language):
        for said in forms(message.string):
            wanted = [sorted(PLACES.findall(form)) for form in forms(message.id)]
            assert sorted(PLACES.findall(said)) in wanted, message.id


@every_language
def test_what_stands_in_an_attribute_cannot_end_it(language: str) -> None:
    for message in messages(language):
        if not any('"' in form for form in forms(message.id)):
            assert not any('"' in form for form in forms(message.string)), message.id


@every_language
def test_a_language_says_a_number_in_all_its_forms(language: str) -> None:
    needed = {"de": 2, "es": 3, "ar": 6}[language]
    plurals = [message for message in messages(language) if not isinstance(message.id, str)]
    assert len(plurals) > 10
    assert {len(forms(message.string)) for message in plurals} == {needed}


def met() -> Iterator[Path]:
    templates = ROOT / "templates"
    yield from (templates / f"{name}.html" for name in MET)
    for family in FAMILIES:
        yield from sorted(templates.glob(f"{family}.html"))


@pytest.mark.parametrize("template", list(met()), ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_page_that_is_met_has_no_words_beside_the_catalogue(template: Path) -> None:
    assert bare_words(template.read_text()) == []


def test_bare_words_are_found_where_there_are_some() -> None:
    assert bare_words('<p class="x">Well said {{ n }}</p>') == ["Well said"]
    assert bare_words('<a aria-label="Say it" href="{% url "solve" %}">{% translate "Say" %}</a>') == ["Say it"]
    assert bare_words("<p>{% blocktranslate %}Said <b>{{ n }}</b>{% endblocktranslate %} again</p>") == ["again"]
    assert bare_words('{% include "a.html" with text="Say" %}') == ["Say"]


def bare_words(source: str) -> list[str]:
    passed = re.findall(r'(?<![-\w])(?:text|heading|what|next|title|label)="([^"{]*[A-Za-z]{2}[^"{]*)"', source)
    passed += re.findall(r'\b(?:aria-label|alt|placeholder)="([^"{]*[A-Za-z]{2}[^"{]*)"', source)
    source = re.sub(r"<(svg|style|script)\b.*?</\1>|&\w+;", "", source, flags=re.DOTALL)
    texts = re.split(r'<[a-zA-Z/!](?:[^<>"]|"[^"]*")*>', SAID_ELSEWHERE.sub("", source))
    found = [" ".join(text.split()) for text in (*passed, *texts)]
    return [text for text in found if re.search(r"[A-Za-z]{2}", text) and text.strip(":/– ") not in NAMES]


SENTENCES = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "phrase": 1, "ngettext": 2, "counted": 2}


def test_every_sentence_of_code_and_templates_is_in_the_catalogues() -> None:
    """As `make messages` finds them, without GNU gettext."""
    python = [file for room in ("platform", "annotations", "learning") for file in (ROOT / room).rglob("*.py")]
    texts = [file.read_text() for file in python]
    for suffix in ("html", "txt"):
        texts += [f"({templatize(file.read_text())})" for file in (ROOT / "templates").rglob(f"*.{suffix}")]
    wanted = {message for text in texts for message in sentences(text)}
    assert len(wanted) > 300
    for language in LANGUAGES:
        known = {tuple(forms(message.id)) for message in messages(language)}
        assert wanted - known == set()
        assert known - wanted == set()


def sentences(code: str) -> Iterator[tuple[str, ...]]:
    for _, function, said, _ in extract_python(BytesIO(code.encode()), list(SENTENCES), [], {"encoding": "utf-8"}):
        text = said if isinstance(said, tuple) else (said,)
        if text[0]:
            yield text[: SENTENCES[function]]
