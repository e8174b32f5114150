"""Parts of the figures of studies: panels of shares in SVG."""

from __future__ import annotations

from collections.abc import Mapping


def begin_svg(width: int, height: int) -> list[str]:
    """Return the first elements of a figure; ``</svg>`` ends it."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="11" fill="#1f2328">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]


def draw_axes(
    left: int, top: int, width: int, height: int, ticks: Mapping[str, float]
) -> list[str]:
    """Return lines at the shares 0, 0.5 and 1 of a panel, and the labels of both axes.

    Args:
        left: the left end of the panel, in units of the figure, as all lengths.
        top: the upper end, which is the share 1.
        width: the panel's width.
        height: the panel's height.
        ticks: label -> its place on the horizontal axis.
    """
    parts = []
    for share in (0, 0.5, 1):
        y = top + height * (1 - share)
        parts += [
            f'<path d="M{left} {y:.1f}h{width}" stroke="#e9edf1"/>',
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{share:g}</text>',
        ]
    return parts + [
        f'<text x="{x:.1f}" y="{top + height + 16}" text-anchor="middle">{label}</text>'
        for label, x in ticks.items()
    ]
