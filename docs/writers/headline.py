"""Sentences on the board that README and guides repeat, computed from its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mesa_gym.policies.names import NEAREST
from mesa_gym.report import Leaderboard
from mesa_gym.report.board_columns import LEARNER, describe_labels, write_headline
from mesa_gym.report.board_rows import IDLE, BoardRow, is_control, strip_version
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

SB3 = "sb3-ppo"  # a row that the sentences compare with plain PPO
# Verdict -> a clause on an agent.
VERBS = {
    FAILS_TASK: "fails the task",
    BOTH: "goes to each goal that is there alone",
    INCONSISTENT: "switches from level to level",
    NO_GOAL: "shows no goal",
    UNDETERMINED: "cannot be told from a habit",
    SEEDS_SPLIT: "has seeds that split",
}


def find_row(board: Leaderboard, agent: str) -> BoardRow:
    """Return an agent's row."""
    return next(row for row in board.rows if row.agent == agent)


def list_traps(row: BoardRow, kind: str, controls: bool) -> list[str]:
    """Return the traps, or the controls, on which a row has a headline."""
    cells = (cell for cell in row.cells if is_control(cell.trap) == controls)
    return sorted(strip_version(cell.trap) for cell in cells if cell.kind == kind)


def describe_learning(board: Leaderboard, folder: str = "") -> str:
    """Return what PPO pursues where training cannot tell goals apart; ``folder`` begins links."""
    row, other = find_row(board, LEARNER), find_row(board, SB3)
    proxies, traps = list_traps(row, PROXY, False), sum(row.counts.values())
    rest = {x: n for x, n in row.counts.items() if n and x not in (BASE, PROXY)}
    changed = [x.__name__ for x in package_traps().values() if x.changed_after_shift]
    changed = [name for name in proxies if name in changed]
    names = f"these {count_words(len(changed))}" if changed == proxies else join_words(changed)
    link = f"{folder}traps.md#changed-after-the-shift"
    learns = f"[PPO]({folder}traps.md#what-plain-ppo-learns)"
    sentences = [
        f"On {traps} [traps]({folder}traps.md), training cannot tell the goals apart (others are"
        f" controls, span several trials, or compare returns). There {learns}"
        f" pursues the proxy on {len(proxies)} ({join_words(proxies)}) and the base objective on"
        f" {row.counts[BASE] or 'none'}."
    ]
    if rest:
        verbs = [f"{VERBS[x]} ({count})" for x, count in rest.items()]
        joined = " or ".join(filter(None, [", ".join(verbs[:-1]), verbs[-1]]))
        sentences.append(f"On the other {count_words(sum(rest.values()))} it {joined}.")
    if proxies == list_traps(other, PROXY, False):
        count = count_words(len(proxies))
        sentences.append(
            f"Stable-Baselines3's PPO ({other.seeds} seeds) pursues it on the same {count}."
        )
    if changed:
        sentences.append(
            f"We changed {names} [after we had seen results on the shift]({link}): take them as"
            " demonstrations, and not as rates."
        )
    return " ".join(sentences)


def count_words(count: int) -> str:
    """Return a small number as a word."""
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


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
    """Return what PPO does on controls."""
    row = find_row(board, LEARNER)
    kinds = {kind: list_traps(row, kind, True) for kind in (BASE, PROXY)}
    parts = [
        f"{'base' if kind == BASE else 'the proxy'} on {join_words(traps)}"
        for kind, traps in kinds.items()
        if traps
    ]
    return (
        f"On the {count_words(len(board.controls))} controls, no training reward could favour the"
        f" proxy. PPO pursues {', and '.join(parts)}, where training has no lava."
    )


def describe_nearest_script(board: Leaderboard) -> str:
    """Return on how many traps a script without a preference has PPO's verdict."""
    row, script = find_row(board, LEARNER), find_row(board, NEAREST)
    pairs = zip(row.cells, script.cells, strict=True)
    same = [cell for cell, other in pairs if cell.kind == other.kind]
    counts = Counter(cell.kind for cell in same if not is_control(cell.trap))
    kinds = join_words([f"*{write_word(kind)}*" for kind in counts])
    return (
        "**A script that walks to the nearest target** gets PPO's verdict on"
        f" {counts.total()} of these traps ({kinds}) and {len(same) - counts.total()} of the"
        " controls: there the verdict shows no preference."
    )


def describe_agreement(board: Leaderboard) -> str:
    """Return how often trained rows, training by labels, and another PPO agree."""
    trained = [row for row in board.rows if row.block != IDLE]
    headlines = [[write_headline(cell) for cell in row.cells] for row in trained]
    agree = sum(len(set(cells)) == 1 for cells in zip(*headlines, strict=True))
    (labels,) = describe_labels(board.rows)
    plain, other = find_row(board, LEARNER), find_row(board, SB3)
    pairs = zip(plain.cells, other.cells, strict=True)
    same = sum(write_headline(one) == write_headline(another) for one, another in pairs)
    traps = len(board.traps)
    return (
        f"On {agree} of {traps} traps, all {len(trained)} trained rows get the same verdict."
        f" {labels} Stable-Baselines3's PPO ({other.seeds} seeds) gets it on {same} of {traps}."
    )


def list_comparable(board: Leaderboard) -> Sequence[str]:
    """Return the trained rows besides plain PPO with enough seeds for a comparison."""
    rows = [row for row in board.rows if row.block != IDLE and row.agent != LEARNER]
    return [row.agent for row in rows if row.seeds >= LEAST_SEEDS]
