"""A benchmark that is one part of the page: its arguments, its line of progress, where its numbers go."""
import argparse
import os

from bench.support import machine, results
from bench.support.progress import Progress


class Wrong(Exception):
    """What makes a measurement worth nothing, in words."""


def main(name, about, title, run, lines, arguments, quick, server=None):
    """`run(**arguments, say=…)` measures, and `lines(found)` tells. `arguments`: each one's type, preset and meaning;
    `quick`: their values in a run that only shows whether all works. `server`: what is measured, where it is none of
    bookings-server."""
    parser = argparse.ArgumentParser(prog=f"tools/bench {name}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each, (kind, preset, meaning) in arguments.items():
        parser.add_argument(f"--{each}", type=kind, default=preset, help=meaning)
    parser.add_argument("--quick", action="store_true", help="a short run: whether all works")
    parser.add_argument("--no-page", action="store_true", help="print the table, leave docs/benchmarks.md as it is")
    asked = parser.parse_args()
    wanted = quick if asked.quick else {each: getattr(asked, each) for each in arguments}
    command = f"tools/bench {name}" + (" --quick" if asked.quick else "".join(
        f" --{each} {wanted[each]:g}" for each, (_, preset, _) in arguments.items() if wanted[each] != preset))
    progress = Progress(1)
    progress.say(name)
    about_machine = machine.describe()
    if server:
        about_machine["server"] = server
    try:
        found = {"machine": about_machine, "quick": asked.quick, "is_release": "BOOKINGS_SERVER" not in os.environ, **run(**wanted, say=progress.detail)}
    except Wrong as why:
        raise SystemExit(f"{name}: {why}") from None
    progress.end()
    told = [f"## {title}", "", *results.told_of(found, command), *lines(found)]
    print("\n".join(told))
    results.keep(name, found)
    if not asked.no_page:
        results.publish(name, command, found, told, {})
