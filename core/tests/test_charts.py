"""Tests for the geometry of charts."""

from hypothesis import given
from hypothesis import strategies as st

from core.charts import HEIGHT, WIDTH, Share, build_time_chart


def build_chart(values: list[int], before: list[int] | None = None):
    return build_time_chart(
        title="Tea", summary="Tea.", headers=("Day", "Cups", "Before"), labels=[f"day {n}" for n in range(len(values))],
        values=values, before=before or [],
    )  # fmt: skip


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=62))
def test_bars_stay_inside_the_plot_and_match_their_values(values: list[int]) -> None:
    chart = build_chart(values)
    span = float(chart.ticks[0]) - float(chart.ticks[-1])
    for bar, value in zip(chart.bars, values, strict=True):
        assert 0 <= float(bar.x) <= float(bar.x) + float(bar.width) <= WIDTH + 0.02
        assert 0 <= float(bar.y) <= float(bar.y) + float(bar.height) <= HEIGHT + 0.02
        assert abs(float(bar.height) - HEIGHT * abs(value) / span) < 0.02


def test_the_axis_limit_is_a_round_number_with_an_integer_half() -> None:
    tops = {value: build_chart([value]).ticks for value in (0, 1, 2, 3, 5, 7, 11, 41, 99, 1001)}
    assert tops == {
        0: ["2", "1", "0"], 1: ["2", "1", "0"], 2: ["2", "1", "0"], 3: ["4", "2", "0"], 5: ["6", "3", "0"],
        7: ["10", "5", "0"], 11: ["20", "10", "0"], 41: ["60", "30", "0"], 99: ["100", "50", "0"],
        1001: ["2000", "1000", "0"],
    }  # fmt: skip


def test_negative_values_are_below_the_zero_line() -> None:
    chart = build_chart([4, -4])
    assert chart.ticks == ["4", "0", "-4"]
    assert [bar.y for bar in chart.bars] == ["0", "120"]


def test_many_values_are_drawn_as_an_area_with_few_axis_labels() -> None:
    chart = build_chart(list(range(100)))
    assert not chart.bars
    assert chart.area.endswith("Z")
    assert chart.axis_labels == ["day 0", "day 25", "day 50", "day 74", "day 99"]


def test_the_table_contains_all_values() -> None:
    chart = build_chart([3, 5], [1, 2])
    assert chart.headers == ["Day", "Cups", "Before"]
    assert chart.rows == [["day 0", "3", "1"], ["day 1", "5", "2"]]
    assert build_chart([3]).rows == [["day 0", "3"]]
    assert build_chart([0, 0]).is_empty


def test_the_width_of_a_share_is_limited_to_100_percent() -> None:
    assert [Share("a", percent, "").width for percent in (-1, 0, 33.333, 100, 120)] == ["0", "0", "33.33", "100", "100"]
