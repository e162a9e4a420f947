"""Tables and plots of a side-by-side run."""
from bench.http.candidates import CONNECTIONS, TITLES
from bench.support import page, results, svg
from bench.support.numbers import duration, ratios, short, spread, summary

LIMITED = 0.9  # a server that used less of its core than this was not what bounded its throughput
DISTURBED = 0.05  # a round in which others used more of the machine than this is told of


def column(rounds, key):
    return [each[key] for each in rounds]


def comparison(found, ours, theirs, key, upside_down=False):
    """Ratios round by round, or None where one of the two was not measured."""
    if ours not in found["results"] or theirs not in found["results"]:
        return None
    a, b = column(found["results"][ours], key), column(found["results"][theirs], key)
    return ratios(b, a) if upside_down else ratios(a, b)


# what, ours, theirs, which number, theirs / ours instead of ours / theirs, the goal, is it a least or a most
GOALS = [
    ("CPU of a hit from Redis, ours / nginx", "ours-l2", "nginx", "server_us", False, 1.5, "most"),
    ("CPU of a hit from Redis, recipe on Express / ours", "ours-l2", "express", "server_us", True, 15, "least"),
    ("CPU of a hit from Redis, recipe on Fastify / ours", "ours-l2", "fastify", "server_us", True, 3, "least"),
    ("CPU of a hit from L1 (validated), ours / nginx", "ours-l1-validated", "nginx", "server_us", False, 1.0, "most"),
    ("CPU of a hit from L1 (tracked), ours / nginx", "ours-l1-tracked", "nginx", "server_us", False, 1.0, "most"),
    ("CPU of a hit from L1 (tracked, no token), ours / nginx", "ours-l1-tracked-guest", "nginx", "server_us", False, 1.0, "most"),
    ("throughput of hits from Redis, ours / recipe on Express", "ours-l2", "express", "rate", False, 10, "least"),
    ("throughput of hits from L1 (tracked), ours / nginx", "ours-l1-tracked", "nginx", "rate", False, 1.0, "least"),
]


def goals(found):
    rows = []
    for what, ours, theirs, key, upside_down, goal, kind in GOALS:
        measured = comparison(found, ours, theirs, key, upside_down)
        told = "at most" if kind == "most" else "at least"
        if measured is None:
            rows.append([what, f"{told} {short(goal)}", "not measured", "–"])
            continue
        middle = summary(measured)["median"]
        reached = middle <= goal if kind == "most" else middle >= goal
        rows.append([what, f"{told} {short(goal)}", spread(measured), "yes" if reached else "**no**"])
    return page.table(["ratio, round by round", "goal", "measured", "reached"], rows)


def main_table(found):
    rows = []
    for name, rounds in found["results"].items():
        busy = summary(column(rounds, "server_busy"))["median"]
        redis = column(rounds, "redis_us")
        rows.append([
            TITLES[name], spread(column(rounds, "rate")) + ("" if busy >= LIMITED else " ¹"),
            spread(column(rounds, "server_us")) if name != "redis-get" else "–",
            f"{spread(redis)}, {summary(column(rounds, 'commands'))['median']:.1f} commands" if any(redis) else "–",
            f"{busy * 100:.0f} %",
            duration(summary(column(rounds, "p50"))["median"]), duration(summary(column(rounds, "p99"))["median"])])
    return page.table(["", "requests/s", "server CPU per request, µs", "Redis CPU per request, µs", "server's core in use", "p50", "p99"], rows)


def rate_table(found):
    rates = sorted({int(key[3:]) for rounds in found["results"].values() for each in rounds for key in each if key.startswith("at_")})
    rows = []
    for name, rounds in found["results"].items():
        for rate in rates:
            turns = [each[f"at_{rate}"] for each in rounds if f"at_{rate}" in each]
            if turns:
                rows.append([TITLES[name], f"{rate:,}/s", *(duration_spread(column(turns, key)) for key in ("p50", "p99", "p999"))])
    return page.table(["", "rate", "p50", "p99", "p99.9"], rows) if rows else ["No generator for fixed rates was there: not measured."]


def duration_spread(values):
    told = summary(values)
    return f"{duration(told['median'])} ({duration(told['least'])} to {duration(told['most'])})"


def plots(found):
    def bar(key, pick=lambda each, key: each[key]):
        rows = []
        for name, rounds in found["results"].items():
            values = [pick(each, key) for each in rounds]
            if all(values):
                told = summary(values)
                rows.append((TITLES[name].replace("`", ""), told["median"], told["least"], told["most"]))
        return rows
    drawn = {"side_by_side_cpu.svg": svg.bars("Server CPU per request, µs", bar("server_us")),
             "side_by_side_rate.svg": svg.bars("Requests per second, 32 connections", bar("rate"))}
    low = [key for rounds in found["results"].values() for each in rounds for key in each if key.startswith("at_")]
    if low:
        key = min(low, key=lambda k: int(k[3:]))
        rows = bar(key, lambda each, k: each[k]["p99"] * 1e3 if k in each else None)
        if rows:
            drawn["side_by_side_latency.svg"] = svg.bars(f"p99 at {key[3:]} requests/s, ms from when each was due", rows)
    return drawn


def lines(found, command):
    size = found["bytes"].get("ours-l2") or next(iter(found["bytes"].values()), {"body": 0})
    others = [each["others"] for rounds in found["results"].values() for each in rounds]
    disturbed = sum(share > DISTURBED for share in others)
    redis_core = "Redis on a third" if found["cores"]["redis_alone"] else "Redis on the generator's"
    picture = ["", "![Server CPU per request](benchmarks/side_by_side_cpu.svg)", "", "![Requests per second](benchmarks/side_by_side_rate.svg)", ""]
    latency = ["", "![p99 at a fixed rate](benchmarks/side_by_side_latency.svg)"] if "side_by_side_latency.svg" in plots(found) else []
    return [
        "## A hit, side by side", "",
        *results.told_of(found, command),
        f"A cached reply of {size['body']:,} bytes to one GET; {CONNECTIONS} connections; the server on one core, the load generator on another, "
        f"{redis_core}. {found['rounds']} rounds; in each, every candidate in turn, {found['seconds']} s at saturation (wrk) and {found['seconds']} s at "
        "each fixed rate (vegeta). Told are the median and, in brackets, the least and the most of the rounds.", "",
        *goals(found), "",
        "### At saturation", "",
        *main_table(found), "",
        "¹ The server had time left: the load generator, or Redis beside it on the same core, was what bounded this. CPU per request says more there; it may be a little higher than at saturation, where more is done in one turn of the loop.", "",
        "CPU is what the kernel accounts to the processes (schedstat), user and kernel together, nginx' and Varnish's children included. "
        f"Others used {short(max(others) * 100)} % of the machine at most in one turn, {short(summary(others)['median'] * 100)} % in the median"
        + (f"; {disturbed} of {len(others)} turns were disturbed by more than {DISTURBED * 100:.0f} %." if disturbed else "."),
        *(["", f"Turns that did not count and were done again: {len(found['not_counted'])} ({found['not_counted'][-1]})."] if found["not_counted"] else []),
        *picture,
        "### At a fixed rate", "",
        "Each request is due at its time, whatever became of those before; latency counts from then, so a stall is felt by all that were due meanwhile "
        "(no coordinated omission).", "",
        *rate_table(found), *latency, "",
        *(["Left out: " + "; ".join(f"{TITLES[name]} ({why})" for name, why in found["skipped"].items()) + ".", ""] if found["skipped"] else []),
        "What the candidates do for a hit: ours checks the token's signature and, in Redis, its session, routes, looks up, and sends ETag, Age and "
        "security headers. The recipe checks the signature alone. nginx and Varnish check nothing and know no invalidation: they are the limit, not an alternative. "
        "The rows of L1 are of a shared list (`/api/gigs`), the others of the user's own bookings; both have the same size. A signed-in user's session is asked for in Redis "
        "also where the list is in L1, unless its column of commands says otherwise; a guest has none.",
    ]


def write(found, to_page):
    command = f"make bench ARGUMENTS=\"--rounds {found['rounds']} --seconds {found['seconds']}\"" if not found["quick"] else 'make bench ARGUMENTS=--quick'
    raw = results.keep("side_by_side", found)
    told = lines(found, command)
    print("\n".join(told))
    if to_page:
        results.publish("side_by_side", command, found, told, plots(found))
    print(f"\nraw numbers: {raw}")
