"""Tests of the quality rows and of docs/quality.md."""

from tools import quality


def test_every_row_of_high_priority_has_a_test() -> None:
    rows = [row for chapter in quality.chapters().values() for row in chapter]
    assert len(rows) > 100
    assert [f"{row.id} ({row.priority}): {row.text}" for row in rows if row.lacks_test] == []


def test_every_marker_names_a_row() -> None:
    known = {row.id for chapter in quality.chapters().values() for row in chapter}
    assert set(quality.tests_by_row()) - known == set()


def test_the_page_is_up_to_date_with_the_markers() -> None:
    assert quality.REPORT.read_text() == quality.render_report(), "run manage.py quality"
