"""Ready for more languages than English: every word goes through gettext, dates and numbers are as each writes them."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from courses.models import Course

TEMPLATES: Path = settings.BASE_DIR / "templates"
# Keys are called what stands on them, classes and the names of headers are for machines.
NOT_WORDS = re.compile(
    r"\{% comment.*?endcomment %\}|\{#.*?#\}|\{% blocktranslate\b.*?endblocktranslate %\}|\{% plural %\}"
    r"|\{% block width %\}.*?\{% endblock %\}|<kbd>.*?</kbd>|<style>.*?</style>|\bSubject:|\?token=",
    re.DOTALL,
)
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
SAID = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
PASSED = re.compile(r'\{% include [^%]*?\b(?:label|title|text|action|caption|lead)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{2}")


def untranslated(template: str) -> list[str]:
    """Return the words of a template that stand outside gettext: between tags, in attributes, handed to components."""
    text = NOT_WORDS.sub(" ", template)
    passed = [words for words in PASSED.findall(text) if words != words.lower()]
    text = CODE.sub(" ", text)
    between = re.sub(r"<[^>]*>|&\w+;", " ", text)
    return [found.strip() for found in [*passed, *SAID.findall(text), *between.splitlines()] if WORD.search(found)]


def test_no_word_of_a_template_stands_outside_gettext() -> None:
    """Pages that only a development start has speak English."""
    templates = [path for path in TEMPLATES.rglob("*.*") if path.suffix in {".html", ".txt"}]
    ours = [path for path in templates if path.relative_to(TEMPLATES).parts[0] != "dev"]
    assert len(ours) > 100
    found = {str(path.relative_to(TEMPLATES)): untranslated(path.read_text()) for path in ours}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "template",
    ["<p>Hello</p>", '<a aria-label="Hello">x</a>', '{% include "components/button.html" with label="Hello" only %}'],
)
def test_the_check_sees_a_word_outside_gettext(template: str) -> None:
    assert untranslated(template) == ["Hello"]


def test_dates_and_numbers_are_written_as_the_reader_s_language_does(
    client: Client, course: Course, paid_course: Course, settings: Any
) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    Course.objects.update(updated_at=timezone.now().replace(2026, 3, 4), ratings_count=2, ratings_sum=9)
    seen = {
        language: client.get(f"/courses/{paid_course.slug}/", headers={"Accept-Language": language}).text
        for language in ("en", "de")
    }
    assert "Mar 4, 2026" in seen["en"]
    assert "4. März 2026" in seen["de"]
    assert "4.5 (2" in seen["en"]
    assert "4,5 (2" in seen["de"]
    assert "€49" in seen["en"]
    assert "49\xa0€" in seen["de"]
