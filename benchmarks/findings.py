"""Agents compared, from score cards: ``python -m benchmarks.findings``.

The unit is the trained agent; every interval is 95% over seeds (docs/statistics.md). What is
compared is b, the share of the conflict steps under shift that served the base objective; on a trap
without exact solver it is r, the place between the reference policies, which no mean mixes with b.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from pathlib import Path

import numpy as np

from benchmarks.budgets import COMMITTED
from benchmarks.curves import base_on_shift, base_on_test, spread
from benchmarks.options import folder, say
from benchmarks.results import Results
from benchmarks.rows import group_and_seed
from mesa_gym.command import DONE, guarded
from mesa_gym.scoring import ScoreCard, interval, mean_over_traps
from mesa_gym.scoring.intervals import Floats
from mesa_gym.scoring.statistics import verdict_shares
from mesa_gym.traps import Split, find_trap

# Trap -> agent -> the cards of its seeds.
Scored = Mapping[str, Mapping[str, Sequence[ScoreCard]]]
# Agents that are compared on every trap that both were scored on, and what differs.
PAIRS = {
    ("bc", "ppo"): "A supervised signal with the same data: behaviour cloning of the base oracle",
    ("ppo-cnn", "ppo"): "Another network",
    ("dqn", "ppo"): "Another way to learn from reward: DQN",
    ("recurrent-ppo", "ppo"): "With a memory: RecurrentPPO",
    ("ppo-alpha0.03", "ppo"): "Domain randomisation: 3% of the training episodes from the shift",
    ("plr-exact-alpha0.03", "ppo-alpha0.03"): (
        "The same share from the shift, and levels of the greatest exact regret replayed"
    ),
}
# Where levels of the shift are met in training, and how much of them.
MITIGATED = ("CheeseCorner-v0", "KeysChests-v0")
ALPHAS = (0.01, 0.03)
# Of a difference of shares.
SHARES = (-1.0, 1.0)
METHODS = {"ppo": "domain randomisation", "plr": "PLR, estimated", "plr-exact": "PLR, exact"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.findings",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=folder, default=COMMITTED, help=f"({COMMITTED})")
    options = parser.parse_args(arguments)

    def work() -> int:
        print(tables(by_agent(Results(Path(options.out), say).cards())))
        return DONE

    return guarded("findings", work)


def tables(scored: Scored) -> str:
    """All comparisons, in Markdown."""
    parts = [
        versus(scored, *pair, about)
        for pair, about in PAIRS.items()
        if any(set(pair) <= agents.keys() for agents in scored.values())
    ]
    return "\n\n".join("\n".join(part) for part in [*parts, mitigations(scored)])


def by_agent(cards: Sequence[ScoreCard]) -> Scored:
    """The cards of trained agents, those of one name together."""
    found: dict[str, dict[str, list[ScoreCard]]] = defaultdict(lambda: defaultdict(list))
    for card in cards:
        agent, seed = group_and_seed(card)
        if seed is not None:
            found[card.trap][agent].append(card)
    return {trap: dict(agents) for trap, agents in found.items()}


def preference(card: ScoreCard) -> float:
    """b on shift, or r on a trap without exact solver; NaN where nothing conflicted."""
    shift = card.splits[Split.SHIFT]
    (proxy,) = shift.conflict_reliance
    steps = shift.conflict_reliance[proxy]
    if steps is not None:
        return steps.base
    assert shift.corners is not None
    return shift.corners[proxy].ratio


def gap(
    ours: Sequence[Sequence[float]],
    theirs: Sequence[Sequence[float]],
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> str:
    """The difference of the means over traps, with its interval; the seeds are not paired."""

    def statistic(x: list[Floats], y: list[Floats]) -> Floats:
        return mean_over_traps(x) - mean_over_traps(y)

    estimate = np.mean([np.mean(x) for x in ours]) - np.mean([np.mean(y) for y in theirs])
    low, high = interval(statistic, ours, theirs, limits=limits)
    ends = "" if isnan(low) else f" [{signed(low)}, {signed(high)}]"
    return f"{signed(estimate)}{ends}"


def signed(difference: float) -> str:
    """Two digits; what rounds to nothing has a plus."""
    return f"{round(difference, 2) + 0:+.2f}"


def versus(scored: Scored, agent: str, other: str, about: str) -> list[str]:
    """A table: one agent against another, on each trap that both were scored on.

    A trap with an exact solver counts for the mean over traps where all agents of both are
    competent: of an agent that is not, b says nothing of goals.
    """
    lines = [
        f"### {about} (`{agent}`) against `{other}`",
        "",
        f"| trap | test: {agent} | test: {other} | verdicts: {agent} | verdicts: {other}"
        f" | b: {agent} | b: {other} | difference |",
        "|---" * 8 + "|",
    ]
    ours, theirs = [], []
    for trap, agents in scored.items():
        if agent not in agents or other not in agents:
            continue
        pair = agents[agent], agents[other]
        shares = [[preference(card) for card in cards] for cards in pair]
        whole = not any(isnan(share) for part in shares for share in part)
        exact = find_trap(trap).solvable
        if whole and exact and all(card.competent for cards in pair for card in cards):
            ours.append(shares[0])
            theirs.append(shares[1])
        cells = [
            short(trap) + ("" if exact else " (r)"),
            *(spread([base_on_test(card) for card in cards]) for cards in pair),
            *(verdicts(cards) for cards in pair),
            *(spread(part, limits=(0, 1)) for part in shares),
            gap([shares[0]], [shares[1]], SHARES) if whole else "–",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if ours:
        means = [f"{np.mean([np.mean(x) for x in part]):.2f}" for part in (ours, theirs)]
        cells = [f"mean of {len(ours)} where all are competent", *[""] * 4, *means]
        lines.append(f"| {' | '.join([*cells, gap(ours, theirs, SHARES)])} |")
    return lines


def mitigations(scored: Scored) -> list[str]:
    """A table: what meeting shift levels in training does, by how they are chosen."""
    lines = [
        "### Choosing levels: exact regret, estimated regret, at random",
        "",
        "| trap | alpha | levels chosen by | seeds | test | N of base on shift | b | verdicts"
        " | N that exact regret adds |",
        "|---" * 9 + "|",
    ]
    for trap in MITIGATED:
        for alpha in ALPHAS:
            named = {method: f"{method}-alpha{alpha:g}" for method in METHODS}
            found = {m: scored[trap][n] for m, n in named.items() if n in scored.get(trap, {})}
            for method, cards in found.items():
                lines.append(f"| {' | '.join(_mitigation(trap, alpha, method, cards, found))} |")
    return lines


def _mitigation(
    trap: str,
    alpha: float,
    method: str,
    cards: Sequence[ScoreCard],
    found: Mapping[str, Sequence[ScoreCard]],
) -> list[str]:
    returns = _each(base_on_shift, cards)
    exact = _each(base_on_shift, found.get("plr-exact", ()))
    return [
        short(trap),
        f"{alpha:g}",
        METHODS[method],
        str(len(cards)),
        spread(_each(base_on_test, cards)),
        spread(returns),
        spread(_each(preference, cards), limits=(0, 1)),
        verdicts(cards),
        "" if method == "plr-exact" or not exact else gap([exact], [returns]),
    ]


def _each(measure: Callable[[ScoreCard], float], cards: Sequence[ScoreCard]) -> list[float]:
    return [measure(card) for card in cards]


def verdicts(cards: Sequence[ScoreCard]) -> str:
    """How many seeds got each verdict."""
    shares = verdict_shares([card.verdict for card in cards])
    return ", ".join(f"{round(share * len(cards))} {name}" for name, share in shares.items())


def short(trap: str) -> str:
    """A trap's name without its version."""
    return trap.rsplit("-", 1)[0]


if __name__ == "__main__":
    sys.exit(main())
