"""Tests of the benchmark report."""

from tools.bench.figures import HEAD, Figure, report


def test_a_figure_replaces_its_earlier_line_and_keeps_the_others() -> None:
    page = ""
    for row, value in (("G10", 1.0), ("G2", 2.0), ("Y2a", 3.0), ("G2", 4.0)):
        page = report(Figure(row, "a page", value, "of Y2a"), page)
    assert page.startswith(HEAD)
    lines = page.removeprefix(HEAD).splitlines()
    assert [line.split(" | ")[0] for line in lines] == ["| G2", "| G10", "| Y2a"]
    assert "4 of Y2a" in lines[0]
