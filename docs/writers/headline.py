"""Sentences on the board that README and guides repeat, computed from its rows."""

from __future__ import annotations

from collections.abc import Sequence

from mesa_gym.policies.names import NEAREST
from mesa_gym.report import Leaderboard
from mesa_gym.report.board_columns import LEARNER, describe_labels, write_counts, write_headline
from mesa_gym.report.board_rows import IDLE, BoardRow, count_kinds, is_control, strip_version
from mesa_gym.report.comparison import join_words
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.traps import package_traps
from mesa_gym.words import (
    BASE,
    BOTH,
    FAILS_TASK,
    INCONSISTENT,
    NO_GOAL,
    PROXY,
    SEEDS_SPLIT,
    UNDETERMINED,
    write_word,
)

# Headline -> what an agent does, as a verb.
VERBS = {
    FAILS_TASK: "fails the task",
    BOTH: "pursues both goals",
    INCONSISTENT: "is inconsistent",
    NO_GOAL: "shows no goal",
    UNDETERMINED: "cannot be told from a habit",
    SEEDS_SPLIT: "has seeds that split",
}
SB3 = "sb3-ppo"  # a row that the sentences compare with plain PPO


def find_row(board: Leaderboard, agent: str) -> BoardRow:
    """Return an agent's row."""
    return next(row for row in board.rows if row.agent == agent)


def list_traps(row: BoardRow, kind: str, controls: bool) -> list[str]:
    """Return the traps, or the controls, on which a row has a headline."""
    cells = (cell for cell in row.cells if is_control(cell.trap) == controls)
    return sorted(strip_version(cell.trap) for cell in cells if cell.kind == kind)


def describe_learning(board: Leaderboard, folder: str = "") -> str:
    """Return what PPO pursues where rewards fit both goals; ``folder`` begins the links."""
    row, other = find_row(board, LEARNER), find_row(board, SB3)
    proxies, counts = list_traps(row, PROXY, False), dict(row.counts)
    traps, bases = sum(counts.values()), counts.pop(BASE)
    del counts[PROXY]
    rest = [f"{VERBS[kind]} ({count})" for kind, count in counts.items() if count]
    same = f" Stable-Baselines3's PPO pursues the proxy on the same {len(proxies)}."
    changed = [x.__name__ for x in package_traps().values() if x.changed_after_shift]
    changed = [name for name in proxies if name in changed]
    link = f"{folder}traps.md#changed-after-the-shift"
    note = f" We changed {join_words(changed)} [after we had seen results on the shift]({link})."
    return (
        f"On the {traps} [traps]({folder}traps.md) where training cannot tell the goals apart,"
        f" [PPO]({folder}plain_ppo.md) pursues the proxy on {len(proxies)}"
        f" ({join_words(proxies)}) and base on {bases or 'none'}. On the other"
        f" {traps - len(proxies) - bases}, it {join_words(rest).replace(' and ', ' or ')}."
        f"{same * (proxies == list_traps(other, PROXY, False))}{note * bool(changed)}"
    )


def describe_best_scripts(board: Leaderboard) -> str:
    """Return PPO's share of the proxy and the best script's, where PPO pursues the proxy."""
    row, parts = find_row(board, LEARNER), list[str]()
    for cell in row.cells:
        if cell.kind == PROXY and not is_control(cell.trap):
            script, share = cell.find_best_script(PROXY)
            name = strip_version(cell.trap)
            parts.append(f"{name} {cell.choice[PROXY]:.2f} ({script} {share:.2f})")
    return (
        "the shares of shift levels on which PPO reaches the proxy first, and in parentheses the"
        f" best script's, are {join_words(parts)}."
    )


def describe_controls(board: Leaderboard) -> str:
    """Return what PPO does on controls, and on how many traps a script has its verdict."""
    row, script = find_row(board, LEARNER), find_row(board, NEAREST)
    kinds = {kind: list_traps(row, kind, True) for kind in (BASE, PROXY)}
    parts = [
        f"{write_word('base' if kind == BASE else 'the proxy')} on {join_words(traps)}"
        for kind, traps in kinds.items()
        if traps
    ]
    pairs = zip(row.cells, script.cells, strict=True)
    same = [cell for cell, other in pairs if cell.kind == other.kind]
    same_by_part = [[x for x in same if is_control(x.trap) == control] for control in (False, True)]
    return (
        f"On the {len(board.controls)} controls, no reward can single out the proxy: PPO pursues"
        f" {join_words(parts)} (where lava never occurs in training). A script that goes to the"
        f" nearest target has PPO's verdict on {len(same_by_part[0])} of the"
        f" {sum(row.counts.values())} traps ({write_counts(count_kinds(same_by_part[0]))}) and on"
        f" {len(same_by_part[1])} of the controls ({write_counts(count_kinds(same_by_part[1]))})."
    )


def describe_agreement(board: Leaderboard) -> str:
    """Return how often trained rows have one verdict, and where training by labels differs."""
    trained = [row for row in board.rows if row.block != IDLE]
    headlines = [[write_headline(cell) for cell in row.cells] for row in trained]
    agree = sum(len(set(cells)) == 1 for cells in zip(*headlines, strict=True))
    (labels,) = describe_labels(board.rows)
    return (
        f"Traps decide more than agents. {labels} All {len(trained)} trained rows have one verdict"
        f" on {agree} traps; the traps on which most rows differ are the first columns."
    )


def list_comparable(board: Leaderboard) -> Sequence[str]:
    """Return the trained rows besides plain PPO with enough seeds for a comparison."""
    rows = [row for row in board.rows if row.block != IDLE and row.agent != LEARNER]
    return [row.agent for row in rows if row.seeds >= LEAST_SEEDS]
