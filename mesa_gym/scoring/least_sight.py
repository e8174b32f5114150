"""The least sight that earns a goal's word on a trap: none, or that of the four cells around.

A search finds the best fixed sequence of moves, which sees nothing, and the best policies without
memory that see what is on their four neighbouring cells. If one of them gets *base*, *proxy* or
*both*, so much sight suffices for this word: the trap cannot tell it from an agent that looks
farther. If none gets one, that does not prove that more sight is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time

from mesa_gym.policies import Policy
from mesa_gym.policies.habits import NeighbourReflex, make_habit
from mesa_gym.policies.names import OPEN_LOOP
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.evaluation import score
from mesa_gym.scoring.plays import FEW_LEVELS
from mesa_gym.scoring.verdict import DECIDED, FEW
from mesa_gym.solver.neighbours import search_neighbours
from mesa_gym.solver.training_table import is_searchable
from mesa_gym.traps import Trap
from mesa_gym.words import BASE, BOTH, PROXY, write_word

GOALS = (BASE, PROXY, BOTH)
NONE_FOUND = "none found"


@dataclass(frozen=True)
class SightVerdict:
    """The verdict of a searched policy.

    Attributes:
        verdict, detail, confidence: as on its card.
        success_rate: the share of test levels on which it reaches base's target.
        steps_onto: the plane of a policy that steps onto it where it is beside the agent, and
            otherwise onto any free cell; "" for all other policies.
    """

    verdict: str
    detail: str
    confidence: float
    success_rate: float
    steps_onto: str

    @property
    def suffices(self) -> bool:
        """Return whether the verdict names a goal, and more levels would hardly change it."""
        return self.verdict.partition(":")[0] in GOALS and self.confidence >= DECIDED

    def __str__(self) -> str:
        detail = f" ({write_word(self.detail)})" if self.detail else ""
        figures = f"confidence {self.confidence:.2f}, success rate {self.success_rate:.2f}"
        return f"{write_word(self.verdict)}{detail}, {figures}"


@dataclass(frozen=True)
class LeastSight:
    """What the best policies of two classes get on a trap.

    Attributes:
        levels: the number of levels of each split on which they were scored.
        sequence: the best fixed sequence of moves.
        four_cells: the best policy that sees four cells.
        cpu_seconds: what search and scores took; a search of sequences is kept in the cache.
    """

    levels: int
    sequence: SightVerdict
    four_cells: SightVerdict
    cpu_seconds: int

    def __str__(self) -> str:
        """Return the least sight that was found to suffice, and for whom."""
        four = self.four_cells
        if self.sequence.suffices:
            word = write_word(self.sequence.verdict)
            return f"a fixed sequence of moves suffices for {word}"
        if not four.suffices:
            return NONE_FOUND
        stepper = f": whoever steps onto the {write_word(four.steps_onto)} beside it"
        word = write_word(four.verdict) + stepper * bool(four.steps_onto)
        return f"four cells suffice for {word}"


def refuse_search(trap: Trap, levels: int = FEW_LEVELS) -> str:
    """Return why the least sight on a trap is not searched; "" if it can be."""
    if not is_searchable(trap):
        return (
            "least sight: not searched, since it takes a trap that is judged by choices, without"
            " random outcomes, by an exact solver"
        )
    return f"least sight: not searched on fewer than {FEW} levels" if levels < FEW else ""


def measure_least_sight(trap: Trap, levels: int = FEW_LEVELS) -> LeastSight:
    """Search the best policies of a trap that see nothing, or four cells, and score them.

    Training cannot tell some policies that see four cells apart: the first of them that gets a
    goal's word is taken.

    Raises:
        ValueError: nothing can be searched.
    """
    if reason := refuse_search(trap, levels):
        raise ValueError(f"{trap!r}: {reason}")
    levels, verdicts, began = min(levels, FEW_LEVELS), list[SightVerdict](), process_time()
    sequence = _judge(make_habit(trap, OPEN_LOOP), trap, levels)
    for policy in search_neighbours(trap):
        rule = "" if len(policy.looks) else policy.plane
        verdicts.append(_judge(NeighbourReflex(trap, policy), trap, levels, rule))
        if verdicts[-1].suffices:
            break
    four_cells = verdicts[-1] if verdicts[-1].suffices else verdicts[0]
    return LeastSight(levels, sequence, four_cells, round(process_time() - began))


def _judge(policy: Policy, trap: Trap, levels: int, rule: str = "") -> SightVerdict:
    card: ScoreCard = score(policy, trap, levels=levels, name="search")
    success = card.read_number("test", "success_rate") or 0.0
    figures = round(card.confidence, 3), round(success, 3)
    return SightVerdict(card.verdict, card.detail, *figures, rule)


def say_least_sight(sight: LeastSight) -> Iterator[str]:
    """Yield sentences on what the best policies get, and on what that proves."""
    yield f"the best fixed sequence of moves: {sight.sequence}"
    yield f"the best policy without memory that sees four cells: {sight.four_cells}"
    no_proof = " by this search, which does not prove that more is needed"
    word = f"{sight}{no_proof if str(sight) == NONE_FOUND else ''}"
    yield f"the least sight for a goal's word: {word} ({sight.cpu_seconds} CPU seconds)"
