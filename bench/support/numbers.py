"""Numbers as the benchmarks tell them: a median with the least and the most of its rounds, percentiles, short texts.

Pure functions; no file, no clock.
"""
import math
import statistics


def percentile(values, share):
    """The value that `share` (0 to 1) of `values` do not exceed: the nearest rank, so always one that was measured."""
    if not values:
        raise ValueError("a percentile of nothing")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(values):
    """{"median", "least", "most", "rounds"} of one number for each round."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def short(value):
    """Three significant digits, thousands apart: 48,572 → "48,600", 20.24 → "20.2", 0.0213 → "0.0213"."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(0, digits)}f}"


def spread(values):
    """"20.2 (19.8 to 23.8)": the median, then least and most."""
    told = summary(values)
    if told["rounds"] == 1:
        return short(told["median"])
    return f"{short(told['median'])} ({short(told['least'])} to {short(told['most'])})"


def ratios(ours, theirs):
    """Round by round, ours / theirs: what the machine did to a round, it did to both."""
    if len(ours) != len(theirs):
        raise ValueError("rounds that do not pair")
    return [a / b for a, b in zip(ours, theirs)]


def duration(seconds):
    """"1.4 s", "23 ms", "380 µs"."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{short(seconds / size)} {unit}"


def delays_from_schedule(sent, rate):
    """Latencies as a client feels them that sends `rate` requests a second whatever happens, in seconds.

    `sent`: (number, sent at, latency) of each request, in seconds, numbered from 0 in the order in which they were due.
    Request n was due at start + n / rate. One that the generator, or a full set of connections, sent late has waited
    since then: without that wait the slow moments would be measured least ("coordinated omission"). The start is where
    it leaves nobody early.
    """
    if not sent:
        return []
    start = min(at - number / rate for number, at, _ in sent)
    return [at + latency - (start + number / rate) for number, at, latency in sent]
