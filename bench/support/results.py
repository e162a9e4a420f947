"""Where raw numbers go: bench/results/ for each run (not in git), and docs/benchmarks/ for the run that the page tells of."""
import json
import os

from bench.support import machine, page


BUSY = 0.1  # a share of the machine beyond which a run is not to be trusted without a word


def keep(name, found):
    """Writes a run's numbers to bench/results/NAME.json."""
    folder = os.path.join(machine.ROOT, "bench/results")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{name}.json")
    write(path, found)
    return os.path.relpath(path)


def publish(name, command, found, lines, plots):
    """Puts a run on the page: its part, its plots, and its numbers beside them."""
    page.put(name, command, lines, plots)
    write(os.path.join(page.PLOTS, f"{name}.json"), found)


def write(path, found):
    def rounded(value):  # what is below a millionth of a number is noise, and longer diffs
        if isinstance(value, float):
            return float(f"{value:.6g}")
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        return [rounded(each) for each in value] if isinstance(value, list) else value

    with open(path, "w") as f:
        json.dump(rounded(found), f, indent=1)
        f.write("\n")


def told_of(found, command):
    """The lines that say where numbers come from."""
    what = found["machine"]
    quick = ["", "**A quick run, for whether all works: these numbers are indicative only.**"] if found.get("quick") else []
    if what["others"] > BUSY:
        quick += ["", f"**Others used {what['others'] * 100:.0f} % of the machine when this was measured: read neither times nor throughput as its own, and ratios with care.**"]
    return [f"`{command}` on {what['date']}, {what['server']} at commit {what['commit']}. {what['machine']}. {what['software']}.", *quick, ""]
