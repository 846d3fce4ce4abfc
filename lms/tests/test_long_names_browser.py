"""Browser tests for every page with extreme texts: 80 letters without a space, and two scripts in a line."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from lms.tests.access_data import people, values  # noqa: F401  # the data of the access table
from lms.tests.test_every_page import LOOKED_AT, html_pages
from tools.testing.browser import open_page
from tools.testing.layout import Viewport, find_layout_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OURS = ("accounts", "realtime", "files", "courses", "enrollments", "quizzes", "assignments", "instructors")
WRITTEN = {
    "title", "name", "full_name", "short_description", "description", "content", "comment", "reply", "bio", "text",
    "question_text", "feedback", "original_name",
}  # fmt: skip
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
EXTREME = f"{UNBROKEN} مقدمة في HTML و CSS (الجزء 2)"
SHAPES = (Viewport(320), Viewport(640), Viewport(1280))


def stretch() -> int:
    """Write the extreme text to every user-editable column; return the number of rows."""
    rows = 0
    for model in (model for name in OURS for model in apps.get_app_config(name).get_models()):
        for field in model._meta.concrete_fields:
            if field.name in WRITTEN and isinstance(field, models.CharField | models.TextField) and not field.unique:
                rows += model._default_manager.update(**{field.name: EXTREME[: field.max_length]})
        if any(field.name == "content_html" for field in model._meta.concrete_fields):
            model._default_manager.update(content_html=f"<p>{EXTREME}</p><pre>{UNBROKEN}</pre>")
    return rows


@pytest.mark.parametrize("name", LOOKED_AT)
def test_long_names_and_mixed_scripts_do_not_overflow_the_page(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    assert stretch() > 20
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    wrong = {}
    with open_page(live_site, people[name], reduced_motion="reduce") as page:
        for path in paths:
            page.goto(live_site + path)
            if found := find_layout_faults(page, SHAPES):
                wrong[path] = found
    assert wrong == {}
