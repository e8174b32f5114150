"""Put the committed results into docs/tracks.md: ``python -m docs.results_page``.

Each table stands between two marks; the text around them is for people to write. The pictures are
docs/images/methods.svg, rungs.svg and leaderboard.svg.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from benchmarks.tracks.page import draw_curves, write_markdown
from benchmarks.tracks.record_files import COMMITTED, read_methods
from benchmarks.tracks.scores import ALL, ALL_RUNGS, MethodScore, score_methods
from docs.studies.page_tables import show
from mesa_gym.rendering.colours import BASE, PROXIES, to_hex
from mesa_gym.report import rank_among_committed
from mesa_gym.report.leaderboard import Leaderboard, format_share

HERE = Path(__file__).parent
PICTURE = HERE / "images" / "leaderboard.svg"
PARTS = {"methods": ALL, "rungs": ALL_RUNGS}


def fill_page(scores: Sequence[MethodScore], page: Path) -> None:
    """Print the tables of what methods get, and put them into a page, docs/tracks.md."""
    for name, part in PARTS.items():
        show(f"{name}, by python -m docs.results_page", write_markdown(scores, part), page)


def draw_parts(scores: Sequence[MethodScore]) -> dict[Path, str]:
    """Return the pictures of what methods get, by their paths."""
    return {
        HERE / "images" / f"{name}.svg": draw_curves(scores, part) for name, part in PARTS.items()
    }


def draw_leaderboard(board: Leaderboard) -> str:
    """Return an SVG of the margins of agents by traps: blue for base, orange for the proxy."""
    rows = board.group_rows()
    margins = np.array([[row["margin"] for row in each] for _, each in rows])
    tones = [to_hex(PROXIES[0]), "#ffffff", to_hex(BASE)]
    # The same picture is the same file, and its text stays text.
    with rc_context({"svg.hashsalt": "leaderboard", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((10.5, 1.2 + 0.27 * len(rows)), layout="constrained")
        axes = figure.subplots()
        colours = LinearSegmentedColormap.from_list("margin", tones)
        axes.imshow(margins, cmap=colours, vmin=-1, vmax=1, aspect="auto")
        for row, column in np.ndindex(margins.shape):
            margin = float(margins[row, column])
            tone = "white" if margin > 0.75 else "black"
            axes.text(
                column, row, format_share(margin), ha="center", va="center", color=tone, fontsize=8
            )
        names = [
            f"{'' if whole['rank'] is None else whole['rank']}  {whole['agent']}"
            f"  {format_share(whole['margin'])}"
            for whole, _ in rows
        ]
        axes.set_yticks(range(len(rows)), names)
        axes.set_xticks(range(len(board.names)), board.names, rotation=45, ha="left")
        axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
        axes.spines[:].set_visible(False)
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def main() -> None:
    """Write the page's table and the pictures."""
    scores = score_methods(read_methods(sorted(COMMITTED.glob("*.jsonl"))))
    fill_page(scores, HERE / "tracks.md")
    for path, drawn in draw_parts(scores).items():
        path.write_text(drawn)
    PICTURE.write_text(draw_leaderboard(rank_among_committed([])))


if __name__ == "__main__":
    main()
