"""Small plots as SVG: bars with their spread, and lines on linear or logarithmic axes.

Text out of numbers, the same for the same input, so that a repeated run changes only what was measured differently.
Colours are readable on light and dark pages.
"""
import html
import math

from bench.support.numbers import short

COLOURS = ["#2f7ed8", "#e07b39", "#3aa655", "#a05bc4", "#c9453c", "#7a8a99"]
INK = "#7a8a99"  # axes and texts
FONT = 'font-family="sans-serif" font-size="12"'


def ticks(least, most, logarithmic):
    """Round values within least and most: powers of ten, or four to ten steps of 1, 2 or 5 times a power of ten."""
    if logarithmic:
        first, last = math.ceil(math.log10(least) - 1e-9), math.floor(math.log10(most) + 1e-9)
        return [10.0 ** n for n in range(first, last + 1)]
    step = 10 ** math.floor(math.log10((most - least) / 4))
    for factor in (1, 2, 5, 10):
        if (most - least) / (step * factor) <= 8:
            step *= factor
            break
    return [n * step for n in range(math.ceil(least / step - 1e-9), math.floor(most / step + 1e-9) + 1)]


def text(x, y, words, anchor="start", more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}" {FONT} {more}>{html.escape(words)}</text>'


def document(width, height, title, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
                      f'role="img" aria-label="{html.escape(title, quote=True)}">',
                      text(12, 20, title, more='font-weight="bold"'), *parts, "</svg>", ""])


def bars(title, rows, logarithmic=True):
    """rows: (name, median, least, most), drawn from top to bottom; all numbers above 0."""
    if not rows:
        raise ValueError("a plot of nothing")
    left, width, row_height, top = 250, 760, 26, 36
    most = max(row[3] for row in rows)
    least = min(row[2] for row in rows) / 2 if logarithmic else 0

    def x(value):
        share = math.log(value / least) / math.log(most / least) if logarithmic else value / most
        return left + share * (width - left - 90)

    parts = []
    for i, (name, median, low, high) in enumerate(rows):
        y = top + i * row_height
        parts.append(text(left - 8, y + 15, name, "end"))
        parts.append(f'<rect x="{left}" y="{y + 3}" width="{x(median) - left:.1f}" height="16" fill="{COLOURS[0]}"/>')
        parts.append(f'<path d="M{x(low):.1f} {y + 11}H{x(high):.1f}" stroke="{INK}" stroke-width="2"/>')
        parts.append(text(x(high) + 6, y + 15, short(median)))
    note = "logarithmic; the line is least to most" if logarithmic else "the line is least to most"
    height = top + len(rows) * row_height + 24
    parts.append(text(left, height - 8, note))
    return document(width, height, title, parts)


def lines(title, x_name, y_name, series, logarithmic_x=True, logarithmic_y=True):
    """series: {name: [(x, y), …]}; on a logarithmic axis all values are above 0."""
    points = [point for drawn in series.values() for point in drawn]
    if not points:
        raise ValueError("a plot of nothing")
    left, top, width, height, right, bottom = 76, 44, 760, 360, 200, 48

    def span(values, logarithmic):
        low, high = min(values), max(values)
        if logarithmic:  # whole powers of ten
            return 10 ** math.floor(math.log10(low) + 1e-9), 10 ** math.ceil(math.log10(high * 1.0001))
        return (min(0, low), high * 1.05 if high > 0 else 1)

    x_span = span([p[0] for p in points], logarithmic_x)
    y_span = span([p[1] for p in points], logarithmic_y)

    def along(value, ends, logarithmic):
        if logarithmic:
            return math.log(value / ends[0]) / math.log(ends[1] / ends[0])
        return (value - ends[0]) / (ends[1] - ends[0])

    def x(value):
        return left + along(value, x_span, logarithmic_x) * (width - left - right)

    def y(value):
        return height - bottom - along(value, y_span, logarithmic_y) * (height - top - bottom)

    parts = []
    for tick in ticks(*y_span, logarithmic_y):
        parts.append(f'<path d="M{left} {y(tick):.1f}H{width - right}" stroke="{INK}" stroke-opacity="0.25"/>')
        parts.append(text(left - 6, y(tick) + 4, f"{tick:,.9g}", "end"))
    for tick in ticks(*x_span, logarithmic_x):
        parts.append(f'<path d="M{x(tick):.1f} {top}V{height - bottom}" stroke="{INK}" stroke-opacity="0.25"/>')
        parts.append(text(x(tick), height - bottom + 16, f"{tick:,.9g}", "middle"))
    parts.append(text((left + width - right) / 2, height - 10, x_name, "middle"))
    parts.append(text(12, 36, y_name))
    for i, (name, drawn) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        path = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in drawn)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in drawn]
        parts.append(f'<rect x="{width - right + 12}" y="{top + 4 + i * 20}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(width - right + 30, top + 14 + i * 20, name))
    return document(width, height, title, parts)
