"""Put the committed results into README and pages of docs: ``python -m docs.results_page``.

Each table stands between two marks; the text around them is for people to write. The leaderboard is
in README.md and docs/results.md, methods are in docs/studies/tracks.md. The picture is
docs/images/leaderboard.svg.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from benchmarks.markdown import lay_out_table, pipes
from benchmarks.methods.record import read_committed as read_methods
from benchmarks.methods.standings import tabulate
from docs.studies.page_tables import show
from docs.trap_table import LEARNER
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.rendering.colours import BASE, PROXIES, to_hex
from mesa_gym.report import group_cards, rank_among_committed, read_committed
from mesa_gym.report.leaderboard import (
    SHARES,
    Leaderboard,
    format_share,
    strip_version,
    tabulate_ranks,
)
from mesa_gym.report.tables import HEADS, tabulate_groups
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.measures import NO_CHOICE

HERE = Path(__file__).parent
README, RESULTS = HERE.parent / "README.md", HERE / "results.md"
TRACKS = HERE / "studies" / "tracks.md"
PICTURE = HERE / "images" / "leaderboard.svg"
BY = "by python -m docs.results_page"  # after the name of a table, in its mark
# README's rows: what plans, what sees levels turned, plain training, and what was not trained.
LEFT_OUT = ("agent", "seeds", "able", NO_CHOICE)  # of the table of plain training
AMONG = ("oracle", "ppo-planner", "sweeper", "random", "ppo-symmetric", "ppo")


def fill_board(board: Leaderboard, page: Path, agents: Sequence[str] = ()) -> None:
    """Print the leaderboard, and put it into a page.

    Args:
        board: the committed agents.
        page: has a place for it.
        agents: leave out all others, and all columns but the shares; by default nothing is left
            out.
    """
    heads, rows = tabulate_ranks(board)
    if agents:
        at = [heads.index(head) for head in ("agent", "margin", *SHARES)]
        rows = [[row[i] for i in at] for row in rows if row[1] in agents]
        heads = [heads[i] for i in at]
    show(f"board, {BY}", lay_out_table(heads, rows), page)


def tabulate_learner(cards: Sequence[ScoreCard]) -> str:
    """Return a table in Markdown: what plain training goes for on each trap, beside nulls."""
    groups = group_cards([c for c in cards if agent_and_seed(c.policy)[0] == LEARNER])
    at = [HEADS.index(head) for head in HEADS if head not in LEFT_OUT]
    rows = []
    for cells in tabulate_groups(groups):
        name = strip_version(cells[0])
        rows.append([f"[{name}](traps/{name}.md)", *(cells[i] for i in at[1:])])
    return lay_out_table([HEADS[i] for i in at], rows)


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
    """Write the pages' tables and the picture."""
    show(f"methods, {BY}", pipes(*tabulate(read_methods())), TRACKS)
    board = rank_among_committed([])
    fill_board(board, README, AMONG)
    fill_board(board, RESULTS)
    show(f"ppo, {BY}", tabulate_learner(read_committed()), RESULTS)
    PICTURE.write_text(draw_leaderboard(board))


if __name__ == "__main__":
    main()
