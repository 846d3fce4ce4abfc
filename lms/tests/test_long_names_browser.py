"""Every page with what people really write: names of eighty letters without a break, two scripts in one line."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from lms.testing.browsing import visiting
from lms.testing.layout import Shown, misfits
from lms.tests.access_world import people, values  # noqa: F401  # the world that the table speaks of
from lms.tests.test_every_page import LOOKED_AT, html_pages

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OURS = ("accounts", "realtime", "files", "courses", "enrollments", "quizzes", "assignments", "instructors")
WRITTEN = {
    "title", "name", "full_name", "short_description", "description", "content", "comment", "reply", "bio", "text",
    "question_text", "feedback", "original_name",
}  # fmt: skip
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
EXTREME = f"{UNBROKEN} مقدمة في HTML و CSS (الجزء 2)"
SHAPES = (Shown(320), Shown(640), Shown(1280))


def stretch() -> int:
    """Put the extreme text into every column that people write; return how many rows there were."""
    rows = 0
    for model in (model for name in OURS for model in apps.get_app_config(name).get_models()):
        for field in model._meta.concrete_fields:
            if field.name in WRITTEN and isinstance(field, models.CharField | models.TextField) and not field.unique:
                rows += model._default_manager.update(**{field.name: EXTREME[: field.max_length]})
        if any(field.name == "content_html" for field in model._meta.concrete_fields):
            model._default_manager.update(content_html=f"<p>{EXTREME}</p><pre>{UNBROKEN}</pre>")
    return rows


@pytest.mark.parametrize("name", LOOKED_AT)
def test_long_names_and_two_scripts_in_a_line_stay_within_the_page(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    assert stretch() > 20
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    wrong = {}
    with visiting(live_site, people[name], reduced_motion="reduce") as page:
        for path in paths:
            page.goto(live_site + path)
            if found := misfits(page, SHAPES):
                wrong[path] = found
    assert wrong == {}
