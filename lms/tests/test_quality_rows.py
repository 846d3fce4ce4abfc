"""Every line of the quality list that matters is held by a test, and docs/quality.md says by which."""

from lms import quality


def test_every_line_that_must_be_held_has_a_test() -> None:
    rows = [row for chapter in quality.chapters().values() for row in chapter]
    assert len(rows) > 100
    assert [f"{row.id} ({row.priority}): {row.text}" for row in rows if row.is_bare] == []


def test_every_marker_names_a_line_of_the_list() -> None:
    known = {row.id for chapter in quality.chapters().values() for row in chapter}
    assert set(quality.held_by()) - known == set()


def test_the_page_is_what_the_markers_say() -> None:
    assert quality.REPORT.read_text() == quality.report(), "run manage.py quality"
