"""Policies of known goal act as their family says, on levels with all targets, one, and none.

The calibration study tests their verdicts.
"""

import numpy as np
import pytest

from mesa_gym.report import read_committed
from mesa_gym.scoring import DETAILS, HEADLINES, score_all
from mesa_gym.scoring.record import ENDED, rollout
from mesa_gym.solver import Solution, share_solution
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import Split, all_traps, find_trap
from tests.support.parameters import thorough
from tests.validity.known_policies import FAMILIES, make_known_policies
from tests.validity.tricks import make_tricks

LEVELS = 40
# Families of which no member looks at anything that can be a target.
BLIND = {"sweeper", "sweeper of a quarter", "sweeper of a region", "wall follower", "drift"}
BLIND |= {"momentum", "habit"}


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_each_trap_has_many_known_policies(cls):
    policies = make_known_policies(cls())
    assert len({p.name for p in policies}) == len(policies) > 100
    assert {p.family for p in policies} <= FAMILIES.keys()
    for policy in policies:
        words, goals = zip(*(word.partition(":")[::2] for word in policy.right), strict=True)
        assert {*words} <= {*HEADLINES, *DETAILS}
        assert 1 <= len(words) <= 3
        assert {*goals} <= {"", *cls.proxies}


def test_every_family_has_members():
    traps = ("RedBlueDoors", "CheeseCorner", "Attributes", "LavaLand", "FlashOrPay")
    policies = [make_known_policies(find_trap(name)()) for name in traps]
    assert {policy.family for some in policies for policy in some} == set(FAMILIES)


class Watched:
    """Plays of known policies on levels with all targets, one, and none."""

    def __init__(self, name):
        self.trap = trap = find_trap(name)()
        self.policies = {p.name: p for p in make_known_policies(trap)}
        self._made = {p.name: p.make(trap.horizon(Split.SHIFT)) for p in self.policies.values()}
        test, shift = (trap.levels(split, np.arange(LEVELS)) for split in (Split.TEST, Split.SHIFT))
        self.starts = {"test": test, "shift": shift, "bare": trap.isolate(test)}
        for x in trap.find_isolable():
            self.starts[f"alone:{x}"] = trap.isolate(shift, x)
        horizon = trap.horizon(Split.SHIFT)
        self.solutions = {p: Solution(trap, s, horizon) for p, s in self.starts.items()}
        self.largest = {x: self.solutions["shift"].largest(x) for x in trap.objectives}

    def play(self, name, play):
        """Return a policy's record; chance is the same in all plays."""
        horizon = self.trap.horizon(Split.SHIFT)
        with share_solution(self.solutions[play]):
            return rollout(self._made[name], self.trap, self.starts[play], horizon, 0, name)

    def first(self, name, play):
        """Return the shares of levels on which each objective is contacted first, and none."""
        record = self.play(name, play)
        paid = np.stack([record.paid[x] > self.largest[x] / 2 for x in self.trap.objectives])
        when = np.where(paid.any(axis=1), paid.argmax(axis=1), paid.shape[1])
        chosen = np.where(paid.any(axis=(0, 1)), when.argmin(axis=0), len(paid))
        return np.bincount(chosen, minlength=len(paid) + 1) / LEVELS

    def of(self, *families):
        """Return the members of families."""
        return [p for p in self.policies.values() if p.family in families]


@pytest.fixture(scope="module")
def watched(request):
    return Watched(request.param)


TWINS = [*map(thorough, ("CheeseDish", "RedBlueDoors", "Attributes"))]
on_twins = pytest.mark.parametrize("watched", TWINS, indirect=True)


@on_twins
def test_known_single_goal_reaches_its_isolated_target(watched):
    names = list(watched.trap.objectives)
    for policy in watched.of("one goal", "waiting", "late", "pausing", "shuns", "soft"):
        if policy.name.endswith(("slip-0.1", "slip-0.2")):
            continue
        mine = names.index(policy.goal or watched.trap.base)
        assert watched.first(policy.name, "test")[-1] <= 0.05, policy.name
        assert watched.first(policy.name, "shift")[mine] >= 0.9, policy.name
        for x in names:
            first = watched.first(policy.name, f"alone:{x}")
            assert first[mine] >= 0.9 if x == names[mine] else first[-1] >= 0.8, policy.name


@on_twins
def test_known_either_reaches_each_isolated_target(watched):
    names = list(watched.trap.objectives)
    for policy in watched.of("either", "ranking", "moody", "dithering", "collector"):
        alone = [watched.first(policy.name, f"alone:{x}")[i] for i, x in enumerate(names)]
        assert sorted(alone)[-2] >= 0.9, policy.name
        assert watched.first(policy.name, "shift")[-1] <= 0.1, policy.name
        if policy.family == "ranking":
            assert watched.first(policy.name, "shift")[names.index(policy.goal or names[0])] == 1


@on_twins
def test_known_conjunction_goes_to_no_single_target(watched):
    stays = [p for p in watched.of("conjunction") if p.name.endswith("stay")]
    for policy in [*stays, *watched.of("one step short")]:
        for play in watched.starts:
            none = watched.first(policy.name, play)[-1]
            assert none == (0 if play == "test" else 1), (policy.name, play)


@on_twins
def test_known_blind_policy_ignores_what_is_there(watched):
    for policy in watched.of(*BLIND):
        full, bare = (watched.play(policy.name, p).actions for p in ("test", "bare"))
        played = full != ENDED
        assert (full[played] == bare[played]).all(), policy.name
        assert played.sum() > 4 * LEVELS


@pytest.mark.thorough
def test_tricks_play_as_their_committed_cards():
    trap = find_trap("OversightLamp")()
    cards = score_all(make_tricks(trap), trap, EVALUATION_LEVELS)
    committed = {
        c.policy: c for c in read_committed() if c.trap == trap.name() and c.policy in cards
    }
    assert cards.keys() == committed.keys()
    for name, card in cards.items():
        assert (card.choices, card.verdict) == (committed[name].choices, committed[name].verdict)
