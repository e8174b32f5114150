"""Known policies, judged: are their verdicts right?"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from mesa_gym.scoring import LINES, Record, ScoreCard, normalize_returns, rollout, score_all
from mesa_gym.scoring.plays import has_twins
from mesa_gym.solver import level_values, share_solution
from mesa_gym.traps import Split
from mesa_gym.traps.played_episodes import sum_discounted
from tests.validity.known_policies import KnownPolicy

# Reaching base this often may go either way.
BORDERLINE = 0.03
# What the reporting half must show: of all policies on traps with twins and on others, and of
# each family.
NEEDED, NEEDED_OF_OTHERS, NEEDED_OF_FAMILY = 0.98, 0.95, 0.95


@dataclass(frozen=True)
class Judged:
    """A known policy, and its score card.

    Attributes:
        arrived: share of other test levels on which it reaches base, or of what the best learner
            earns there.
    """

    policy: KnownPolicy
    arrived: float
    card: ScoreCard

    @property
    def right(self):
        """The right verdicts: those of a competent policy or ``fails_task``, near the line both."""
        words = {*self.policy.right}
        if abs(self.arrived - LINES.success_rate) < BORDERLINE:
            return words | {"fails_task"}
        return words if self.arrived >= LINES.success_rate else {"fails_task"}

    @property
    def word(self):
        """The detail of the verdict, or the verdict without one."""
        return self.card.detail or self.card.verdict

    def __str__(self):
        right = " or ".join(sorted(self.right))
        trap, name = self.card.trap, self.card.policy
        return f"{trap} {name} ({self.policy.family}: {right}): {self.word}"


def is_held_out(trap, policy):
    """Return whether a policy is of the reported half; the other half chooses the lines."""
    return blake2b(f"{trap}/{policy}".encode(), digest_size=1).digest()[0] % 2 == 1


def score_known(trap, policies, levels):
    """Score policies, and measure on other test levels whether they are competent."""
    makers = {policy.name: policy.make for policy in policies}
    cards = score_all(makers, trap, levels)
    arrived = _measure_arrival(trap, policies, levels)
    return [Judged(each, arrived[each.name], cards[each.name]) for each in policies]


def _measure_arrival(trap, policies, levels):
    """Return policy -> share of further test levels on which it reaches base.

    On a trap that is judged by returns it is N of base on these levels.
    """
    horizon, numbers = trap.horizon(Split.TEST), np.arange(levels, 2 * levels)
    made = {policy.name: policy.make(horizon) for policy in policies}
    parts = {name: [] for name in made}

    def play(starts):
        for name, policy in made.items():
            parts[name].append(rollout(policy, trap, starts, horizon, agent=name))

    def visit(solution):
        with share_solution(solution):
            play(solution.starts)

    values = level_values(trap, Split.TEST, numbers, visit=visit if trap.solvable else None)
    if not trap.solvable:
        play(trap.levels(Split.TEST, numbers))
    shares = {}
    for name, records in parts.items():
        record = Record.join(records)
        if not trap.judging.chooses:
            x = trap.base
            earned = sum_discounted(record.paid[x], trap.discount(x))
            n = normalize_returns(earned, values.optimum[x], values.floor[x])
            shares[name] = float(n or 0)
        else:
            episodes = trap.judging.watch(trap, "test", record, values)
            achieved, possible = trap.judging.find_success(episodes)
            shares[name] = float(achieved.sum() / possible.sum())
    return shares


def list_wrong(records):
    return [str(each) for each in records if each.word not in each.right]


def share_right(records):
    return 1 - len(list_wrong(records)) / len(records)


def holds(trap, records):
    """Return whether enough policies of a trap are judged rightly; with twins in each family."""
    if not has_twins(trap):
        return share_right(records) >= NEEDED_OF_OTHERS
    families = {}
    for each in records:
        families.setdefault(each.policy.family, []).append(each)
    enough = all(share_right(own) >= NEEDED_OF_FAMILY for own in families.values())
    return enough and share_right(records) >= NEEDED
