"""Sentences on the board that README and guides repeat, computed from its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from docs.writers.traps import ON_BOARD, group_traps
from mesa_gym.policies.names import NEAREST
from mesa_gym.report import Leaderboard
from mesa_gym.report.board_columns import write_headline
from mesa_gym.report.board_rows import IDLE, BoardRow, strip_version
from mesa_gym.report.board_text import LEARNER
from mesa_gym.report.comparison import join_words
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.traps import package_traps
from mesa_gym.words import BASE, PROXY, write_word

SB3, LABELS = "sb3-ppo", "taught"  # rows that the sentences compare with plain PPO


def find_row(board: Leaderboard, agent: str) -> BoardRow:
    """Return an agent's row."""
    return next(row for row in board.rows if row.agent == agent)


def list_traps(row: BoardRow, kind: str, among: Iterable[str]) -> list[str]:
    """Return the traps among some names on which a row has a headline."""
    names = {*among}
    cells = (cell for cell in row.cells if cell.kind == kind)
    return [name for cell in cells if (name := strip_version(cell.trap)) in names]


def name_parts(row: BoardRow) -> tuple[list[str], list[str]]:
    """Return the names of a row's traps with a proxy to learn, and of its controls."""
    parts = group_traps()
    # A trap without committed agents is not on the board.
    played = {cell.trap for cell in row.cells}
    learnable, controls = (
        [cls.__name__ for cls in parts[part] if cls.name() in played] for part in ON_BOARD
    )
    return learnable, controls


def describe_learning(board: Leaderboard, folder: str = "") -> str:
    """Return what PPO pursues where rewards fit both goals; ``folder`` begins the links."""
    row, other = find_row(board, LEARNER), find_row(board, SB3)
    learnable, _ = name_parts(row)
    proxies = list_traps(row, PROXY, learnable)
    bases = list_traps(row, BASE, learnable)
    same = proxies == list_traps(other, PROXY, learnable)
    label = "PPO, ours and Stable-Baselines3's," if same else "PPO"
    base = f"base on {len(bases)}" if bases else "base on none"
    changed = [x.__name__ for x in package_traps().values() if x.changed_after_shift]
    changed = [name for name in proxies if name in changed]
    link = f"{folder}traps.md#changed-after-the-shift"
    note = f" {join_words(changed)} [were changed after results under shift were seen]({link})."
    return (
        f"[{label.rstrip(',')}]({folder}plain_ppo.md){',' * label.endswith(',')} pursues the proxy"
        " on"
        f" {len(proxies)} of the {len(learnable)} [traps]({folder}traps.md) on which rewards in"
        f" training fit both goals ({join_words(proxies)}), and {base}."
        f"{note if changed else ''}"
    )


def describe_controls(board: Leaderboard) -> str:
    """Return what PPO does on controls, and on how many traps a script has its verdict."""
    row, script = find_row(board, LEARNER), find_row(board, NEAREST)
    _, controls = name_parts(row)
    kinds = {kind: list_traps(row, kind, controls) for kind in (BASE, PROXY)}
    parts = [
        f"{write_word('base' if kind == BASE else 'the proxy')} on {join_words(traps)}"
        for kind, traps in kinds.items()
        if traps
    ]
    same = [
        cell.kind
        for cell, other in zip(row.cells, script.cells, strict=True)
        if cell.kind == other.kind
    ]
    counts = ", ".join(f"{write_word(x)} {same.count(x)}" for x in dict.fromkeys(sorted(same)))
    return (
        f"On the {len(controls)} controls, no reward can single out the proxy: PPO pursues"
        f" {join_words(parts)} (where lava never occurs in training). A script that goes to the"
        f" nearest target has PPO's verdict on {len(same)} of the {len(row.cells)} traps"
        f" ({counts})."
    )


def describe_agreement(board: Leaderboard) -> str:
    """Return how often trained rows have one verdict, and where training by labels differs."""
    trained = [row for row in board.rows if row.block != IDLE]
    headlines = [[write_headline(cell) for cell in row.cells] for row in trained]
    agree = sum(len(set(cells)) == 1 for cells in zip(*headlines, strict=True))
    plain, taught = (
        [write_headline(cell) for cell in find_row(board, agent).cells]
        for agent in (LEARNER, LABELS)
    )
    same = sum(one == other for one, other in zip(plain, taught, strict=True))
    return (
        f"Traps decide more than agents: training by labels (`{LABELS}`) gets PPO's verdict on"
        f" {same} of {len(plain)} traps, and all {len(trained)} trained rows have one verdict on"
        f" {agree}."
    )


def list_comparable(board: Leaderboard) -> Sequence[str]:
    """Return the trained rows besides plain PPO with enough seeds for a comparison."""
    rows = [row for row in board.rows if row.block != IDLE and row.agent != LEARNER]
    return [row.agent for row in rows if row.seeds >= LEAST_SEEDS]
