"""The figure of the study: effect of the word against effect of the place, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docs.studies.language_models.tables import DOSES

WIDTH, HEIGHT, LEFT, TOP, SIDE = 640, 380, 56, 16, 310
OTHER = "other training without a planted goal"
# Each group of conditions -> its colour, and the conditions; OTHER has those that no group has.
GROUPS = {
    **{
        f"conflict, {goal} is paid": (ink, [f"conflict-{dose}-{goal}" for dose in DOSES])
        for goal, ink in (("base", "#0072b2"), ("proxy", "#d55e00"))
    },
    "no conflict, by reward or labels": ("#009e73", ["reward", "labels"]),
    OTHER: ("#cc79a7", []),
    "no training, or shuffled rewards": (
        "#9a9a9a",
        ["untrained", "shuffled", "examples-3", "examples-8"],
    ),
}
STEP = 10  # nats between lines


def find_group(condition: str) -> str:
    """Return the group of a condition."""
    named = (group for group, (_, conditions) in GROUPS.items() if condition in conditions)
    return next(named, OTHER)


def draw_effects(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return a figure with one dot per run, coloured by the group of its condition."""
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
    for row, (group, (ink, _)) in enumerate(GROUPS.items()):
        dot = f'r="5" fill="{ink}" fill-opacity=".8" stroke="#1f2328"'
        for run in runs:
            if find_group(run["condition"]) == group:
                x = LEFT + (run["place"] + most) * scale
                y = TOP + (most - run["word"]) * scale
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" {dot}/>')
        x, y = LEFT + SIDE + 28, TOP + 10 + 20 * row
        parts += [
            f'<circle cx="{x}" cy="{y}" {dot}/>',
            f'<text x="{x + 12}" y="{y + 4}">{group}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
