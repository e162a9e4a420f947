"""docs/benchmarks.md: generated parts between markers, and whatever people write around them.

A part stands between `<!-- begin NAME: … -->` and `<!-- end NAME -->`, each on a line of its own. Putting a part again
replaces what is between; everything else on the page stays as it is, to the byte.
"""
import os
import re

from bench.support.machine import ROOT

PAGE = os.path.join(ROOT, "docs/benchmarks.md")
PLOTS = os.path.join(ROOT, "docs/benchmarks")


def with_part(page, name, command, lines):
    """The page with that part replaced, or added at its end."""
    part = f"<!-- begin {name}: written by `{command}`; what is typed here is lost -->\n" + "\n".join(lines).strip("\n") + \
           f"\n<!-- end {name} -->"
    there = re.compile(rf"^<!-- begin {re.escape(name)}:.*?^<!-- end {re.escape(name)} -->$", re.M | re.S)
    if there.search(page):
        return there.sub(lambda _: part, page, count=1)
    return page.rstrip("\n") + "\n\n" + part + "\n"


def put(name, command, lines, plots):
    """Writes the part, and its plots ({file name: SVG}) under docs/benchmarks/."""
    os.makedirs(PLOTS, exist_ok=True)
    for file_name, svg in plots.items():
        with open(os.path.join(PLOTS, file_name), "w") as f:
            f.write(svg)
    try:
        with open(PAGE) as f:
            page = f.read()
    except FileNotFoundError:
        page = "# Benchmarks\n"
    with open(PAGE, "w") as f:
        f.write(with_part(page, name, command, lines))


def table(head, rows):
    """A Markdown table's lines."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]
