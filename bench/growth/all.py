"""make bench-growth: what grows with keys, connections, bookings, time and threads, and what must not.

Each measurement is a module of this folder: run(quick, say) → numbers, lines(numbers), plots(numbers).
"""
import argparse
import sys

from bench.growth import active_scope, connections, cores, invalidation, list_size, store_size, tracked_news
from bench.http.candidates import Unavailable
from bench.support import machine, results
from bench.support.progress import Progress

PARTS = {"invalidation": invalidation, "connections": connections, "list_size": list_size, "active_scope": active_scope,
         "store_size": store_size, "cores": cores, "tracked_news": tracked_news}


def main():
    parser = argparse.ArgumentParser(prog="tools/bench growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(PARTS)}; other parts of the page stay as they are")
    parser.add_argument("--quick", action="store_true", help="small sizes and short runs: whether all works")
    parser.add_argument("--no-page", action="store_true", help="print the tables, leave docs/benchmarks.md as it is")
    asked = parser.parse_args()
    wanted = asked.only.split(",") if asked.only else list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        parser.error(f"no measurement {', '.join(unknown)}; there are {', '.join(PARTS)}")
    # How many steps each has is known only to itself: the line counts measurements.
    progress = Progress(len(wanted))
    for name in wanted:
        part = PARTS[name]
        progress.say(name)
        try:
            found = {"machine": machine.describe(), "quick": asked.quick, **part.run(asked.quick, progress.detail)}
        except Unavailable as why:
            print(f"{name}: left out, {why}", file=sys.stderr)
            continue
        command = f"tools/bench growth --only {name}" + (" --quick" if asked.quick else "")
        told = [f"### {part.TITLE}", "", *results.told_of(found, command), *part.lines(found)]
        print("\n".join(told) + "\n", flush=True)
        results.keep(f"growth_{name}", found)
        if not asked.no_page:
            results.publish(f"growth_{name}", command, found, told, part.plots(found))
    progress.end()


if __name__ == "__main__":
    main()
