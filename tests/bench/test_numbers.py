"""What the benchmarks make of their numbers. Pure functions: no server, no clock."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent))
from bench.http.savings import least_misses, requests_of  # noqa: E402
from bench.support.numbers import delays_from_schedule, duration, percentile, ratios, short, spread, summary  # noqa: E402


def test_percentile_is_a_value_that_was_measured():
    assert percentile([5], 0.99) == 5
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile(range(1, 101), 1) == 100
    with pytest.raises(ValueError):
        percentile([], 0.5)


def test_summary_and_spread_tell_median_least_and_most():
    assert summary([3, 1, 2]) == {"median": 2, "least": 1, "most": 3, "rounds": 3}
    assert spread([19.84, 20.24, 23.81]) == "20.2 (19.8 to 23.8)"
    assert spread([20.24]) == "20.2"


@pytest.mark.parametrize("value, text", [(0, "0"), (48572, "48,600"), (20.24, "20.2"), (0.02134, "0.0213"), (999.6, "1,000"), (-3.14159, "-3.14")])
def test_short_has_three_significant_digits(value, text):
    assert short(value) == text


@pytest.mark.parametrize("seconds, text", [(1.44, "1.44 s"), (0.0234, "23.4 ms"), (0.00038, "380 µs"), (0, "0 µs")])
def test_duration_takes_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


def test_ratios_pair_rounds_and_refuse_rounds_that_do_not_pair():
    assert ratios([10, 30], [5, 10]) == [2, 3]
    with pytest.raises(ValueError):
        ratios([1], [1, 2])


def test_delays_without_lateness_are_the_latencies():
    sent = [(n, 7 + n / 10, 0.001) for n in range(5)]
    assert delays_from_schedule(sent, 10) == pytest.approx([0.001] * 5)


def test_delays_count_a_stall_for_all_that_were_due_meanwhile():
    # Ten a second. The third takes a second, and the generator sends nothing until it is answered, then all at once.
    sent = [(0, 0.0, 0.001), (1, 0.1, 0.001), (2, 0.2, 1.0), (3, 1.2, 0.001), (4, 1.2, 0.001), (12, 1.2, 0.001)]
    assert delays_from_schedule(sent, 10) == pytest.approx([0.001, 0.001, 1.0, 0.901, 0.801, 0.001])


def test_requests_of_one_seed_are_the_same_and_skewed():
    asked = requests_of(1, 20_000, users=50)
    assert asked == requests_of(1, 20_000, users=50) != requests_of(2, 20_000, users=50)
    times = [sum(user == who for user, _ in asked) for who in (0, 49)]
    assert 40 < times[0] / times[1] < 60  # by Zipf's law the first asks fifty times as often as the fiftieth
    assert 0.04 < sum(is_write for _, is_write in asked) / len(asked) < 0.06


def test_least_misses_are_the_first_read_after_a_write_and_after_the_ttl():
    read, write = (0, False), (0, True)
    assert least_misses([read, read, write, read, read], ttl=600, rate=1) == 1
    assert least_misses([write, write, read], ttl=600, rate=1) == 1
    assert least_misses([read] * 7, ttl=3, rate=1) == 2  # at 3 and 6 s
