"""Tests for translation: all texts of templates use gettext, dates and numbers follow the language."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from courses.models import Course

TEMPLATES: Path = settings.BASE_DIR / "templates"
# Texts that are not translated: comments, names of keys, style sheets and header names.
NOT_WORDS = re.compile(
    r"\{% comment.*?endcomment %\}|\{#.*?#\}|\{% blocktranslate\b.*?endblocktranslate %\}|\{% plural %\}"
    r"|\{% block width %\}.*?\{% endblock %\}|<kbd>.*?</kbd>|<style>.*?</style>|\bSubject:|\?token=",
    re.DOTALL,
)
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
TEXT_ATTRIBUTES = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
COMPONENT_TEXTS = re.compile(r'\{% include [^%]*?\b(?:label|title|text|action|caption|lead)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{2}")


def untranslated(template: str) -> list[str]:
    """Return the untranslated words of a template: between tags, in attributes, and in arguments of components."""
    text = NOT_WORDS.sub(" ", template)
    passed = [words for words in COMPONENT_TEXTS.findall(text) if words != words.lower()]
    text = CODE.sub(" ", text)
    between = re.sub(r"<[^>]*>|&\w+;", " ", text)
    return [
        found.strip()
        for found in [*passed, *TEXT_ATTRIBUTES.findall(text), *between.splitlines()]
        if WORD.search(found)
    ]


def test_all_texts_of_templates_use_gettext() -> None:
    """The pages under /dev/ are in English only."""
    templates = [path for path in TEMPLATES.rglob("*.*") if path.suffix in {".html", ".txt"}]
    ours = [path for path in templates if path.relative_to(TEMPLATES).parts[0] != "dev"]
    assert len(ours) > 100
    found = {str(path.relative_to(TEMPLATES)): untranslated(path.read_text()) for path in ours}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "template",
    ["<p>Hello</p>", '<a aria-label="Hello">x</a>', '{% include "components/button.html" with label="Hello" only %}'],
)
def test_the_check_finds_untranslated_words(template: str) -> None:
    assert untranslated(template) == ["Hello"]


def test_dates_and_numbers_follow_the_language(
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
