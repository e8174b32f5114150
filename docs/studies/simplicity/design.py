"""What the study trains: combinations of rules, agents and steps, all fixed before any result."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from agents.alone import ALONE_SEEDS
from agents.run import Run
from mesa_gym.traps.simpler_of_two import BOTH, LAMP, ONE, RULES, SIGN, SimplerOfTwo

SHAPE, COLOUR = "shape", "colour"
ALGORITHMS = PPO, PLANNER, _, _ = ("ppo", "ppo-planner", "ppo-symmetric", "taught")
CASES = {ONE: 1, LAMP: 2, SIGN: 3, BOTH: 6}
STEPS = {ONE: 600_000, LAMP: 1_500_000, SIGN: 1_500_000, BOTH: 3_000_000}
PLANNER_PART = 6  # a planner learns from a sixth of the steps, as on the leaderboard
SEEDS = range(5)
SALIENT = 4  # planes for each value of a property, in place of one
CONFLICT = 0.01  # the share of shift levels in the trainings of the last prediction


class Combination(NamedTuple):
    """Two rules that training cannot tell apart, each with the planes of its property."""

    shape_rule: str
    colour_rule: str
    shape_planes: int = 1
    colour_planes: int = 1

    def __str__(self) -> str:
        shape, colour = (
            f"{rule}{'' if planes == 1 else f' ({planes} planes)'}"
            for rule, planes in (self[::2], self[1::2])
        )
        return f"{shape} : {colour}"

    def list_keywords(self) -> tuple[str, ...]:
        """Return the keywords of the trap that differ from their defaults."""
        usual = {name: option.default for name, option in SimplerOfTwo.keywords().items()}
        return tuple(f"{x}={y}" for x, y in self._asdict().items() if y != usual[x])


class Alone(NamedTuple):
    """A rule that is trained alone: of one property, beside another that says nothing."""

    algo: str
    objective: str
    rule: str
    planes: int = 1
    other_planes: int = 1

    def list_runs(self) -> list[Run]:
        """Return the trainings, one for each seed."""
        combination = Combination(self.rule, ONE, self.planes, self.other_planes)
        if self.objective == COLOUR:
            combination = Combination(ONE, self.rule, self.other_planes, self.planes)
        keywords = (*combination.list_keywords(), "rho=0.0")
        steps = count_steps(self.algo, self.rule)
        run = Run("SimplerOfTwo", self.algo, 0, steps, reward=self.objective, keywords=keywords)
        return run.repeat(ALONE_SEEDS)


def count_steps(algo: str, *rules: str) -> int:
    """Return the steps of a training, which the harder of its rules decides."""
    most = max(STEPS[rule] for rule in rules)
    return most // PLANNER_PART if algo == PLANNER else most


def list_runs(algo: str, combination: Combination, alpha: float = 0.0) -> list[Run]:
    """Return the trainings of a combination, one for each seed."""
    steps = count_steps(algo, combination.shape_rule, combination.colour_rule)
    keywords = combination.list_keywords()
    return Run("SimplerOfTwo", algo, 0, steps, alpha, keywords=keywords).repeat(SEEDS)


ALL_PAIRS = [Combination(*rules) for rules in product(RULES, RULES)]
# Here the number of cases and the steps that a rule takes alone are not in proportion: in the
# first and the last two pairs the cases are equal, in the next two they name the other property.
SALIENT_PAIRS = [
    Combination(SIGN, SIGN, SALIENT),
    Combination(SIGN, SIGN, 1, SALIENT),
    Combination(SIGN, LAMP, SALIENT),
    Combination(LAMP, SIGN, 1, SALIENT),
    Combination(SIGN, ONE, SALIENT),
    Combination(ONE, SIGN, 1, SALIENT),
]
# For the other networks, and for training by labels.
FEW_PAIRS = [
    Combination(ONE, ONE),
    Combination(LAMP, ONE),
    Combination(SIGN, ONE),
    Combination(ONE, LAMP),
    Combination(ONE, SIGN),
]
# For trainings with levels of the shift: all that are trained for at most half of the steps.
CONFLICT_PAIRS = [x for x in ALL_PAIRS if BOTH not in x]


def find_alone(algo: str, combination: Combination) -> tuple[Alone, Alone]:
    """Return the trainings with the shape's rule alone and with the colour's."""
    shape_rule, colour_rule, shape_planes, colour_planes = combination
    return (
        Alone(algo, SHAPE, shape_rule, shape_planes, colour_planes),
        Alone(algo, COLOUR, colour_rule, colour_planes, shape_planes),
    )


def list_alone() -> list[Alone]:
    """Return every rule that must be measured alone, each once."""
    pairs = [(PPO, x) for x in (*ALL_PAIRS, *SALIENT_PAIRS)]
    pairs += [(algo, x) for algo in ALGORITHMS[1:] for x in FEW_PAIRS]
    return list(dict.fromkeys(alone for pair in pairs for alone in find_alone(*pair)))
