"""The figure of language_models.md: effect of the word against effect of the place, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, SIDE = 640, 380, 56, 16, 310
COLOURS = ("#0072b2", "#56b4e9", "#009e73", "#d55e00", "#004d00", "#8b3a00", "#cc79a7", "#e69f00",
           "#f0e442", "#000000", "#7f5fbf", "#9a9a9a", "#c8c8c8", "#5f5f5f", "#3f3f3f")  # fmt: skip
STEP = 10  # nats between lines


def draw_effects(runs: Sequence[Mapping[str, Any]], conditions: Mapping[str, str]) -> str:
    """Return a figure with one dot per run, coloured by its condition."""
    largest = max(abs(run[x]) for run in runs for x in ("word", "place"))
    most = STEP * (int(largest) // STEP + 1)
    scale = SIDE / (2 * most)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="11" fill="#1f2328">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for nats in range(-most, most + 1, STEP):
        x, y = LEFT + (nats + most) * scale, TOP + (most - nats) * scale
        ink = "#56606a" if nats == 0 else "#e9edf1"
        parts += [
            f'<path d="M{x:.1f} {TOP}V{TOP + SIDE}M{LEFT} {y:.1f}H{LEFT + SIDE}" stroke="{ink}"/>',
            f'<text x="{x:.1f}" y="{TOP + SIDE + 14}" text-anchor="middle">{nats:+d}</text>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{nats:+d}</text>',
        ]
    middle = TOP + SIDE / 2
    parts += [
        f'<text x="{LEFT + SIDE / 2}" y="{TOP + SIDE + 32}" text-anchor="middle">place: nearer the'
        " top of the list, nats</text>",
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">word:'
        " base against proxy, nats</text>",
    ]
    shown = [x for x in conditions if any(run["condition"] == x for run in runs)]
    for row, condition in enumerate(shown):
        ink = COLOURS[[*conditions].index(condition)]
        dot = f'r="5" fill="{ink}" fill-opacity=".8" stroke="#1f2328"'
        for run in runs:
            if run["condition"] == condition:
                x = LEFT + (run["place"] + most) * scale
                y = TOP + (most - run["word"]) * scale
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" {dot}/>')
        x, y = LEFT + SIDE + 28, TOP + 10 + 20 * row
        parts += [
            f'<circle cx="{x}" cy="{y}" {dot}/>',
            f'<text x="{x + 12}" y="{y + 4}">{escape(conditions[condition])}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
