"""Training curves as small multiples: a panel for each trap, a line for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.plots import short
from benchmarks.site.markup import text
from benchmarks.training import Training
from mesa_gym.report.svg import element

WIDTH, HEIGHT = 200.0, 120.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 8.0, 8.0, 20.0
# Seeds are told apart by dashes; what matters is how far they spread.
DASHES = ("none", "5 2", "2 2", "8 2 2 2", "1 3")


def panels(trainings: Mapping[str, Sequence[Training]]) -> str:
    """Return figures of trap -> its trainings; what has no curve is said below.

    All panels share one scale of y, so that they can be compared, and each has its own of x.
    """
    drawn = {
        trap: [each for each in group if len(each.curve) > 1] for trap, group in trainings.items()
    }
    returns = [y for group in drawn.values() for each in group for _, y in each.curve]
    low, high = min([0.0, *returns]), max([1.0, *returns])
    figures = [_panel(trap, group, low, high) for trap, group in drawn.items() if group]
    without = [trap for trap, group in drawn.items() if not group]
    parts = []
    if figures:
        parts.append(
            "<p>Mean return of the training episodes that ended before each step; a line for each"
            " seed.</p>\n"
            f'<div class="curves">\n{"".join(figures)}</div>'
        )
    if without:
        parts.append(f"<p>No training curve is kept for {text(', '.join(without))}.</p>")
    return "\n".join(parts)


def _panel(trap: str, trainings: Sequence[Training], low: float, high: float) -> str:
    last = max(each.curve[-1][0] for each in trainings) or 1.0

    def at(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / last
        return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    parts = []
    for value in sorted({low, 0.0, high}):
        (left, y), (right, _) = at(0, value), at(last, value)
        parts.append(element("line", {"x1": left, "x2": right, "y1": y, "y2": y, "class": "line"}))
        parts.append(_words(f"{value:.3g}", LEFT - 4, y + 4, "end"))
    parts.append(_words("0", LEFT, HEIGHT - 5, "middle"))
    parts.append(_words(f"{short(last)} steps", WIDTH - RIGHT, HEIGHT - 5, "end"))
    for each in trainings:
        points = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in each.curve)
        dashes = DASHES[each.seed % len(DASHES)]
        title = element("title", {}, f"seed {each.seed}")
        look = {"points": points, "class": "curve", "stroke-dasharray": dashes}
        parts.append(element("polyline", look, title))
    ends = ", ".join(f"seed {each.seed}: {each.curve[-1][1]:.2f}" for each in trainings)
    size = {"viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "role": "img"}
    label = element("title", {}, text(f"{trap}, mean return at the end: {ends}"))
    drawn = element("svg", size, label + "".join(parts))
    return f"<figure><figcaption>{text(trap)}</figcaption>{drawn}</figure>\n"


def _words(words: str, x: float, y: float, anchor: str) -> str:
    return element("text", {"x": x, "y": y, "text-anchor": anchor}, text(words))
