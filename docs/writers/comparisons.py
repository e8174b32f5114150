"""Comparisons of the board's rows, for guides: ``make pages`` writes them."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from itertools import combinations

import numpy as np

from benchmarks.markdown import lay_out_table
from docs.writers.headline import list_comparable
from mesa_gym.report import Leaderboard, compare, plot, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.board_rows import IDLE, is_control, strip_version
from mesa_gym.report.comparison import ALIKE, BARRED, LESS, MORE, Comparison
from mesa_gym.report.statements import ALPHA
from mesa_gym.terminal import number
from mesa_gym.words import BASE

# The row of the example in docs/papers.md, and its trap.
ROW, TRAP = "ppo-symmetric", "CheeseCorner"
# Row -> what differs from plain PPO in its training.
CHANGES = {
    "ppo-planner": "network",
    "ppo-symmetric": "**training levels**: turned and mirrored",
    "ppo-local": "inputs",
    "taught": "labels in place of rewards",
}
BOLD_MEANING = "Bold: the only row trained on other levels, so not a like-for-like comparison."


@cache
def compare_row(agent: str, trap: str = "") -> Comparison:
    """Return the comparison of a row with plain PPO, on all traps or on one."""
    cards = [
        card
        for name in (agent, LEARNER)
        for card in read_committed(name)
        if not trap or strip_version(card.trap) == trap
    ]
    return compare(cards, agent, LEARNER)


def describe_means(board: Leaderboard) -> str:
    """Return the range of the rows' shares of base over traps, and the least p of all pairs."""
    from scipy import stats

    shares = {
        row.agent: [cell.choice[BASE] for cell in row.cells if not is_control(cell.trap)]
        for row in board.rows
        if row.block != IDLE
    }
    ends = [fn(shares, key=lambda agent: np.mean(shares[agent])) for fn in (min, max)]
    low, high = (f"{np.mean(shares[agent]):.2f} ({agent})" for agent in ends)
    p = [stats.ttest_rel(*pair).pvalue for pair in combinations(shares.values(), 2)]
    claim = "no two rows differ" if min(p) >= ALPHA else "some rows differ"
    traps = len(shares[LEARNER])
    return (
        f"Averaged over {traps} traps, {claim} significantly in their share of base, {low} to"
        f" {high}. The smallest p of {len(p)} pairs is {number(min(p), 3, ALPHA)} (t tests over"
        f" traps, uncorrected), and {traps} traps are too few to show that rows are alike."
    )


def tabulate_differences(board: Leaderboard) -> str:
    """Return a table in Markdown: on which traps rows differ from plain PPO in their base share."""
    rows = []
    for agent in list_comparable(board):
        by_claim: dict[str, list[str]] = {claim: [] for claim in (MORE, LESS, ALIKE, BARRED)}
        for row in compare_row(agent).rows:
            text = strip_version(row.trap)
            if row.difference is not None and row.what != ALIKE:
                one, other = (of.choice[BASE] for of in row.groups)
                text += f" ({one:.2f} against {other:.2f}, p {row.write()[-1]})"
            by_claim[row.what].append(text)
        cells = [", ".join(by_claim[claim]) or "–" for claim in (MORE, LESS)]
        rest = (
            f"{len(by_claim[ALIKE])}{f'; {len(by_claim[BARRED])} barred' * bool(by_claim[BARRED])}"
        )
        rows.append([agent, CHANGES.get(agent, "see its description"), *cells, rest])
    heads = ["row", f"differs from {LEARNER} by", "base first more often on", "less often on"]
    table = lay_out_table([*heads, "traps without a significant difference"], rows)
    return f"{table}\n\n{BOLD_MEANING}"


def write_example() -> str:
    """Return a command and its sentence, as a worked example in Markdown."""
    comparison = str(compare_row(ROW, TRAP)).rpartition("\n\n")[0]  # the notes are long
    command = f"mesa-gym compare {ROW} {LEARNER} {TRAP} --figure difference.pdf"
    return f"```text\n$ {command}\n\n{comparison}\n...\n```"


def draw_example() -> bytes:
    """Return the figure of the example as PNG."""
    cards = [
        card
        for name in (ROW, LEARNER)
        for card in read_committed(name)
        if strip_version(card.trap) == TRAP
    ]
    data = BytesIO()
    plot(cards).savefig(data, format="png", dpi=80)
    return data.getvalue()
