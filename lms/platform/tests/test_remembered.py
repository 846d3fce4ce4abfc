"""Tags that remember what they have said."""

import uuid

import pytest
from django.template import engines
from django.urls import NoReverseMatch
from django.utils import translation


def said(source: str, **context: object) -> str:
    return str(engines["django"].from_string(source).render(context))


def test_an_address_is_the_same_the_second_time_and_another_for_another_row() -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    source = '{% url "courses:pattern" course %}'
    assert said(source, course=one) == said(source, course=one) == f"/courses/{one}/pattern.svg"
    assert said(source, course=other) == f"/courses/{other}/pattern.svg"


def test_an_address_can_be_kept_for_later_and_a_view_that_is_not_there_is_an_error_unless_it_is_kept() -> None:
    assert said('{% url "courses:course" slug="knots" as there %}[{{ there }}]') == "[/courses/knots/]"
    assert said('{% url "no:such" as there %}[{{ there }}]') == "[]"
    with pytest.raises(NoReverseMatch):
        said('{% url "no:such" %}')


def test_an_address_is_escaped() -> None:
    assert said('{% url "courses:course" slug %}', slug="a&b'c") == "/courses/a&amp;b&#x27;c/"


def test_a_message_follows_the_reader_from_language_to_language() -> None:
    template = engines["django"].from_string('{% translate "Yes" %}, {% translate "No" as no %}{{ no }}')
    with translation.override("en"):
        assert template.render() == "Yes, No"
    with translation.override("de"):  # Django's own catalogue has both words
        assert template.render() == "Ja, Nein"
    with translation.override("en"):
        assert template.render() == "Yes, No"


def test_a_message_that_depends_on_the_context_is_said_anew() -> None:
    template = engines["django"].from_string("{% translate word %} {% translate 'Yes'|upper %}")
    assert [template.render({"word": word}) for word in ("One", "Two <")] == ["One YES", "Two &lt; YES"]


def test_a_file_has_one_address() -> None:
    source = '{% static "css/base.css" %} {% static name as sheet %}{{ sheet }}'
    assert said(source, name="css/base.css") == "/static/css/base.css /static/css/base.css"
