"""The page keeps what people write on it; plots are well-formed and show what they were given."""
import pathlib
import sys
import xml.etree.ElementTree as xml

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent))
from bench.http import side_by_side_page  # noqa: E402
from bench.http.candidates import TITLES, nginx_quoted  # noqa: E402
from bench.support import svg  # noqa: E402
from bench.support.page import table, with_part  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def test_part_replaces_itself_and_nothing_else():
    page = with_part("# Benchmarks\n\nBefore.\n", "a", "make a", ["one"])
    page = with_part(page + "\nAfter: by hand.\n", "b", "make b", ["two"])
    again = with_part(page, "a", "make a", [r"three \1 \g<0>"])
    assert again == page.replace("one", r"three \1 \g<0>")
    assert again.startswith("# Benchmarks\n\nBefore.\n") and "\nAfter: by hand.\n" in again and "two" in again


def test_part_is_added_at_the_end_once():
    page = with_part("# Benchmarks\n", "a", "make a", ["one"])
    assert page.count("<!-- begin a:") == page.count("<!-- end a -->") == 1
    assert with_part(page, "a", "make a", ["one"]) == page
    # A part whose name begins like another's is not that one.
    assert with_part(page, "ab", "make ab", ["two"]).count("<!-- begin") == 2


def test_table_has_a_line_for_each_row():
    assert table(["a", "b"], [["1", "2"]]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]


def test_bars_are_as_long_as_their_numbers():
    drawn = xml.fromstring(svg.bars("A & B", [("one", 10, 9, 11), ("<two>", 20, 20, 20)], logarithmic=False))
    widths = [float(bar.get("width")) for bar in drawn.iter(SVG + "rect")]
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.01)
    assert {"A & B", "one", "<two>", "10.0", "20.0"} <= {text.text for text in drawn.iter(SVG + "text")}


def test_lines_stand_where_logarithms_put_them():
    drawn = xml.fromstring(svg.lines("T", "keys", "ms", {"ours": [(1000, 1), (10_000, 1), (100_000, 100)]}))
    x, y = ([float(dot.get(side)) for dot in drawn.iter(SVG + "circle")] for side in ("cx", "cy"))
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)
    assert y[0] == y[1] > y[2]


@pytest.mark.parametrize("plot", [lambda: svg.bars("T", []), lambda: svg.lines("T", "x", "y", {"ours": []})])
def test_plot_of_nothing_is_refused(plot):
    with pytest.raises(ValueError):
        plot()


def test_ticks_are_round():
    assert svg.ticks(1, 1000, True) == [1, 10, 100, 1000]
    assert svg.ticks(0, 96, False) == [0, 20, 40, 60, 80]


def test_text_in_nginx_quotes_ends_where_it_ends():
    assert nginx_quoted("""{"a":"it's \\ so"}""") == """'{"a":"it\\'s \\\\ so"}'"""
    with pytest.raises(ValueError):
        nginx_quoted("$request_uri")


def a_round(rate, server_us, **more):
    return {"rate": rate, "server_us": server_us, "redis_us": 0.0, "commands": 0, "server_busy": 0.99, "others": 0.0,
            "p50": 1e-4, "p99": 1e-3, **more}


def test_goals_say_yes_and_no_by_ratios_of_the_same_round():
    found = {"results": {"ours-l2": [a_round(100, 10), a_round(50, 20)], "nginx": [a_round(100, 10), a_round(50, 20)],
                         "express": [a_round(10, 100), a_round(5, 200)]}}
    said = {line.split(" | ")[0].strip("| "): line for line in side_by_side_page.goals(found)}
    assert said["CPU of a hit from Redis, ours / nginx"].endswith("| at most 1.50 | 1.00 (1.00 to 1.00) | yes |")
    assert said["CPU of a hit from Redis, recipe on Express / ours"].endswith("| at least 15.0 | 10.0 (10.0 to 10.0) | **no** |")
    assert said["CPU of a hit from Redis, recipe on Fastify / ours"].endswith("| not measured | – |")


def test_every_goal_names_candidates_that_there_are():
    assert {name for goal in side_by_side_page.GOALS for name in goal[1:3]} <= set(TITLES)
