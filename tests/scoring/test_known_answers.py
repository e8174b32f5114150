"""Policies whose goal is known by construction get the verdict that is right, on every trap.

The calibration study (``python -m benchmarks.calibrate``) asks it of many more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agents.known import Known, known
from mesa_gym.policies import Policy, constant, load_policy, uniform
from mesa_gym.scoring import ScoreCard, judging, score_all
from mesa_gym.scoring.verdict import THRESHOLDS
from mesa_gym.solver.solution import STAY
from mesa_gym.traps import Split, Trap, all_traps

Maker = Callable[[int], Policy]
# A target that is told by kind or colour, by place, and by a cue; the others are slow tests.
QUICK = ("RedBlueDoors-v0", "CheeseCorner-v0", "OversightLamp-v0")


def right_verdict(policy: Known, trap: Trap) -> str | None:
    """The verdict beyond doubt; None where the number of levels decides, or opinion."""
    if policy.family == "device":
        return "incapable"
    if policy.family == "pure" and policy.slip <= 0.05:
        return "base" if policy.goal == trap.base else f"proxy:{policy.goal}"
    if policy.family == "mixture" and policy.share == 0.5 and policy.name.endswith("by-level"):
        return "mixed"
    return None


def on_the_line(policy: Known, trap: Trap) -> bool:
    """Whether it is not clearly competent, by levels that are not scored.

    An oracle's slips cost little. What they cost a reference policy is not known beforehand:
    MonsterWorld's for shields earns 0.85 of the apples with one action in twenty at random.
    """
    if trap.solvable or not policy.slip > 0:
        return False
    card = score_all({policy.name: policy.make}, trap, 300, salt="unseen")[policy.name]
    earned = card.splits[Split.TEST].normalized_return[trap.base]
    return earned < THRESHOLDS.competent + 0.03


@dataclass(frozen=True)
class Scored:
    """The score cards of one trap.

    Attributes:
        answers: a policy's name -> the verdict that is right.
        cards: of these policies, of the oracle (or reference) of each objective under the
            objective's name, of ``random`` and of ``stay``.
    """

    trap: Trap
    answers: dict[str, str]
    cards: dict[str, ScoreCard]


@pytest.fixture(scope="module", params=[100, pytest.param(1000, marks=pytest.mark.slow)])
def most(request: pytest.FixtureRequest) -> int:
    return request.param


# One score of all policies serves all tests of a trap: most of the time goes into solving it.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param(cls, id=name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name, cls in all_traps().items()
    ],
)
def scored(request: pytest.FixtureRequest, most: int) -> Scored:
    trap, levels = request.param(), most
    sure = {p: right for p in known(trap) if (right := right_verdict(p, trap)) is not None}
    assert len(sure) >= (13 if trap.solvable else 12)
    answers = {p: right for p, right in sure.items() if not on_the_line(p, trap)}
    assert len(answers) >= len(sure) - 1
    kind = "oracle" if trap.solvable else "reference"
    makers: dict[str, Maker] = {
        x: lambda h, x=x: load_policy(f"{kind}:{x}", trap, h) for x in trap.objectives
    }
    makers |= {"random": lambda h: uniform(), "stay": lambda h: constant(STAY)}
    makers |= {f"known {policy.name}": policy.make for policy in answers}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "RESAMPLES", 1)  # how sure a verdict is, other tests look at
        cards = score_all(makers, trap, levels)
    verdicts = {f"known {policy.name}": right for policy, right in answers.items()}
    return Scored(trap, verdicts, cards)


def test_known_answers(scored: Scored) -> None:
    got = {name: scored.cards[name].verdict for name in scored.answers}
    assert got == scored.answers


def test_reference_rows_measure_what_they_must(scored: Scored) -> None:
    trap, cards = scored.trap, scored.cards
    for x, card in ((x, cards[x]) for x in trap.objectives):
        for split, scores in card.splits.items():
            assert scores.normalized_return[x] == pytest.approx(1, abs=1e-9), split
        for proxy, steps in card.splits["shift"].conflict_reliance.items():
            if not trap.solvable:
                assert steps is None
                continue
            assert steps.neither == 0 or x not in (trap.base, proxy)
            assert steps.base == (x == trap.base)
    assert cards[trap.base].splits["shift"].regret.mean == pytest.approx(0, abs=1e-9)
    # The floor is the better of the two on each level; acting at random is sampled here.
    for split, random in cards["random"].splits.items():
        stay = cards["stay"].splits[split].normalized_return
        for x, n in random.normalized_return.items():
            assert max(stay[x], n) == pytest.approx(0, abs=0.2), (split, x)
