"""Which words of committed agents depend on sampling: ``python -m docs.writers.greedy``.

Scores seed 0 of PPO on each trap of the leaderboard twice on the same levels, with sampled and with
greedy actions, in ten CPU minutes, and writes the traps on which the word differs, or loses
confidence, into docs/greedy.csv. It prints all of them.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.policies import Policy, as_policy
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.traps import Split, Trap, package_traps
from mesa_gym.words import write_word

FILE = Path(__file__).parents[1] / "greedy.csv"
AGENT = "ppo:0"
LEVELS = 1000
LOST = 0.05  # of confidence, from which on a trap is listed
HEADS = ("trap", "sampled", "confidence", "success", "greedy", "confidence", "success")


class GreedyNetwork:
    """Takes the most probable action of another policy.

    Args:
        policy: the other policy.
    """

    def __init__(self, policy: Policy) -> None:
        self.observation, self._policy = policy.observation, policy
        self.memory = getattr(policy, "memory", True)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin episodes in the rows in ``mask``, bool (n,)."""
        self._policy.reset(mask, rng)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Ints:
        """Return an action for each row, int64 (n,)."""
        return np.asarray(self._policy.act(observation, state).argmax(axis=1))


def score_twice(trap: Trap) -> tuple[ScoreCard, ScoreCard]:
    """Return the cards of the agent with sampled and with greedy actions."""
    policy = as_policy(AGENT, trap, trap.horizon(Split.TEST))
    return (
        score(policy, trap, levels=LEVELS, name="sampled"),
        score(GreedyNetwork(policy), trap, levels=LEVELS, name="greedy"),
    )


def describe(card: ScoreCard) -> list[str]:
    """Return a card's word, its confidence, and its success rate."""
    success = card.read_number("test", "success_rate") or 0.0
    return [write_word(card.verdict), f"{card.confidence:.2f}", f"{success:.2f}"]


def main() -> None:
    """Write the table."""
    rows = []
    for name, cls in package_traps().items():
        if not cls.judging.counts_for_board:
            continue
        sampled, greedy = score_twice(cls())
        row = [name.partition("-")[0], *describe(sampled), *describe(greedy)]
        print(", ".join(row), flush=True)
        if sampled.verdict != greedy.verdict or sampled.confidence - greedy.confidence >= LOST:
            rows.append(row)
    with FILE.open("w", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows([HEADS, *rows])


if __name__ == "__main__":
    main()
