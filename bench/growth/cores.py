"""Throughput of hits as I/O threads are added, from one to all cores."""

from bench.http import load
from bench.http.candidates import set_scene
from bench.support import machine, page, svg
from bench.support.numbers import duration, short
from bench.support.processes import Stage, bearer

TITLE = "Threads"


def counts(cores):
    """1, 2, 4 … and all."""
    found, n = [], 1
    while n < cores:
        found.append(n)
        n *= 2
    return [*found, cores]


def run(quick, say):
    rows, cores = [], len(machine.CORES)
    for workers in counts(cores):
        with Stage() as stage:
            say(f"{workers} threads")
            own = ",".join(map(str, machine.CORES[:workers]))
            server = stage.bookings(core=own, WORKERS=workers, REDIS_URL=stage.redis(core=machine.CORES[-1]).url)
            token, _ = set_scene(server)
            cpu = machine.cpu_seconds(server.pid)
            generators = machine.CORES[workers:] or machine.CORES
            told = load.saturate(server.url + "/api/bookings", bearer(token), 64, 1 if quick else 6, threads=max(1, min(len(generators), workers)),
                                 cores=",".join(map(str, generators)))
            cpu = machine.cpu_seconds(server.pid) - cpu
            rows.append({"workers": workers, "rate": told["requests"] / told["seconds"], "p99": told["p99"], "server_us": cpu / told["requests"] * 1e6,
                         "shared": workers + 2 > cores})
    return {"rows": rows, "cores": cores}


def lines(found):
    told = page.table(["I/O threads, each with a core", "requests/s", "server CPU per request, µs", "p99"],
                      [[f"{row['workers']}{' ¹' if row['shared'] else ''}", short(row["rate"]), short(row["server_us"]), duration(row["p99"])] for row in found["rows"]])
    return [*told, "", "![Throughput by threads](benchmarks/growth_cores.svg)", "",
            "¹ With so many, Redis, the load generator or both run on the server's cores or on one together: that row tells what the whole machine does, not what the server could. "
            f"This machine has {found['cores']} cores. What the server itself does with a second thread shows in CPU per request, which would grow where threads got in each other's way."]


def plots(found):
    return {"growth_cores.svg": svg.lines("Hits per second by I/O threads", "I/O threads", "requests/s", {
        "ours": [(row["workers"], row["rate"]) for row in found["rows"]]}, logarithmic_x=False, logarithmic_y=False)}
