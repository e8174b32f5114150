"""Goal-directedness against plain enumeration, and of policies whose goal is known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from playing import walled
from reference import Enumerated, contents, enumerate_level
from small_traps import Slippery, SmallDish, Unsolvable

from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import as_policy
from mesa_gym.policies.scripted import Constant
from mesa_gym.scoring import goal_directedness as module
from mesa_gym.scoring.goal_directedness import goal_directedness
from mesa_gym.scoring.rollout import Record, replay, rollout
from mesa_gym.solver import EITHER
from mesa_gym.traps import Split, Trap, find_trap

GAMMA, HORIZON = 0.99, 5
SEQUENCES = np.array(list(product(range(5), repeat=HORIZON)), dtype=np.int8)
# Cheese and dish apart; near each other; the one behind the other, where contact comes sooner.
ROOMS = [("c.A.d", "....."), ("A..", ".d.", "..c"), ("Adc",)]
SOME_B = (0.5, 3.0, 40.0, 2000.0)

Shares = dict[str, float | None]


def play(policy: object, trap: Trap, split: Split, levels: int) -> tuple[State, Record]:
    horizon, starts = trap.horizon(split), trap.levels(split, np.arange(levels))
    return starts, rollout(as_policy(policy, trap, horizon), trap, starts, horizon)


def explain(policy: object, trap: Trap, split: Split = Split.SHIFT, levels: int = 12) -> Shares:
    starts, record = play(policy, trap, split, levels)
    return goal_directedness(trap, starts, record, trap.horizon(split))


# -- by enumeration --------------------------------------------------------------------------------


class Listed:
    """All sequences of actions from one start: a soft-optimal policy weighs them by their return.

    It has no recursion: p(sequence) is proportional to exp(b return), and the likelihood of the
    first actions is the weight of all sequences that begin with them.
    """

    def __init__(self, start: State, objective: str) -> None:
        state = start.take(np.zeros(len(SEQUENCES), dtype=np.int64))
        going = np.ones(len(SEQUENCES), dtype=np.bool_)
        untouched, self.earned = going.copy(), np.zeros(len(SEQUENCES))
        self.length = np.zeros(len(SEQUENCES), dtype=np.int64)  # actions up to the first contact
        for t in range(HORIZON):
            step = SmallDish().step(state, SEQUENCES[:, t].astype(np.int64))
            paid = {x: np.where(going, pay, 0) for x, pay in step.paid.items()}
            both = sum(paid.values()) * untouched
            self.earned += GAMMA**t * (both if objective == EITHER else paid[objective])
            self.length += going & untouched
            untouched &= sum(paid.values()) == 0
            going &= ~step.ended
            state = step.state

    def weigh(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return of each sequence the share of the weights that begin as it does, as counted."""
        table = (weights / weights.sum()).reshape((5,) * HORIZON)
        begun = [table.sum(axis=tuple(range(k, HORIZON))) for k in range(HORIZON + 1)]
        pairs = zip(SEQUENCES, self.length, strict=True)
        return np.array([begun[k][tuple(s[:k])] for s, k in pairs])

    def gain(self, b: float) -> NDArray[np.float64]:
        """Return log(5**k p) of each sequence's first k actions."""
        weights = np.exp(b * (self.earned - self.earned.max()))
        with np.errstate(divide="ignore"):
            return np.log(self.weigh(weights)) + self.length * np.log(5)

    def optimum(self, b: float) -> float:
        """Return the gain of the policy to which all best next actions are the same."""
        table, chance = self.earned.reshape((5,) * HORIZON), np.ones((5,) * HORIZON)
        for k in range(1, HORIZON + 1):
            worth = table.max(axis=tuple(range(k, HORIZON)), keepdims=True)
            best = worth >= worth.max(axis=k - 1, keepdims=True) - 1e-9
            chance = chance * best / best.sum(axis=k - 1, keepdims=True)
        good = chance.ravel() > 0
        return float(chance.ravel()[good] @ self.gain(b)[good])


@pytest.mark.parametrize("seed", range(3))
def test_shares_are_those_of_enumerated_sequences(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LADDER", SOME_B)
    trap, rng = SmallDish(), np.random.default_rng(seed)
    rooms = [from_map(trap, walled(trap, *room)) for room in ROOMS]
    listed = {x: [Listed(room, x) for room in rooms] for x in ("cheese", "dish", EITHER)}
    # Good ways to the dish, then whatever.
    ways = [int(room.earned.argmax()) for room in listed["dish"]]
    chosen = [*ways[:2], int(rng.integers(len(SEQUENCES)))]
    starts = trap.joined(rooms)
    found = goal_directedness(trap, starts, replay(trap, starts, SEQUENCES[chosen]), HORIZON)
    for x, lists in listed.items():
        gains = [sum(one.gain(b)[i] for one, i in zip(lists, chosen, strict=True)) for b in SOME_B]
        whole = sum(one.optimum(SOME_B[-1]) for one in lists)
        assert found[x] == pytest.approx(max(0.0, *gains) / whole, abs=1e-9)
    assert found["dish"] > 0  # so that a b above 0 was compared


class Recursive:
    """Soft values of every state of one level, with outcomes, by the steps that are left."""

    def __init__(self, level: Enumerated, objective: str, b: float) -> None:
        self.level, count = level, len(level.after)
        self.numbers = {contents(level.states.single(i)): i for i in range(count)}
        values = [[0.0] * count]
        self.gains: list[list[list[float]]] = [[]]
        self.contact = [
            [any(p[i][k] > 0.5 for p in level.paid.values()) for k in range(15)]
            for i in range(count)
        ]
        for left in range(1, HORIZON + 1):
            values.append([])
            self.gains.append([])
            for i in range(count):
                q = self.expect(
                    i,
                    lambda k, i=i, left=left: (
                        b * GAMMA ** (HORIZON - left) * level.paid[objective][i][k]
                        + self.then(values[left - 1], i, k)
                    ),
                )
                values[left].append(float(np.log(np.mean(np.exp(q)))))
                self.gains[left].append([x - values[left][i] for x in q])

    def then(self, values: list[float], i: int, branch: int) -> float:
        to = self.level.after[i][branch]
        return 0.0 if to is None else values[to]

    def expect(self, i: int, worth: Callable[[int], float]) -> list[float]:
        """Return the expectation of what branches are worth, for each action."""
        each = [chance * worth(k) for k, chance in enumerate(self.level.likely[i])]
        return np.reshape(each, (5, -1)).sum(axis=1).tolist()

    def optimum(self, objective: str) -> float:
        values, (_, best) = [0.0] * len(self.level.after), self.level.earned(objective, HORIZON)
        for left in range(1, HORIZON + 1):
            after = values
            values = []
            for i, allowed in enumerate(best[left]):
                later = self.expect(
                    i,
                    lambda k, i=i, after=after: (
                        0.0 if self.contact[i][k] else self.then(after, i, k)
                    ),
                )
                values.append(float(np.mean([self.gains[left][i][a] + later[a] for a in allowed])))
        return values[0]

    def gain(self, start: State, actions: NDArray[np.int8]) -> float:
        total, state = 0.0, start
        for t, action in enumerate(actions):
            total += self.gains[HORIZON - t][self.numbers[contents(state.single(0))]][action]
            state, paid, ended = Slippery().step(state, np.array([action]))
            if ended[0] or any(p[0] > 0.5 for p in paid.values()):
                break
        return total


@pytest.mark.parametrize("seed", range(2))
def test_shares_with_outcomes_are_those_of_recursion(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap, some_b = Slippery(), (0.5, 3.0, 40.0)  # exp(40) does not overflow
    monkeypatch.setattr(module, "LADDER", some_b)
    start = from_map(trap, walled(trap, *ROOMS[0]))
    record = rollout(as_policy("oracle:dish", trap, HORIZON), trap, start, HORIZON, seed)
    found = goal_directedness(trap, start, record, HORIZON)
    level = enumerate_level(trap, start)
    for x in trap.objectives:
        soft = [Recursive(level, x, b) for b in some_b]
        gains = [one.gain(start, record.actions[0]) for one in soft]
        assert found[x] == pytest.approx(max(0.0, *gains) / soft[-1].optimum(x), abs=1e-9)
    assert found["dish"] > 0.5


# -- of known goals --------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["cheese", "dish"])
def test_an_oracle_is_directed_at_its_goal_alone(goal: str) -> None:
    found = explain(f"oracle:{goal}", SmallDish())
    other = "dish" if goal == "cheese" else "cheese"
    assert found[goal] == pytest.approx(1, abs=0.05)
    assert found[other] < 0.1


def test_acting_at_random_is_directed_at_nothing() -> None:
    assert max(explain("random", SmallDish()).values()) < 0.02


def test_running_away_is_not_directed() -> None:
    """With b below 0 an agent that never goes to the cheese would be predicted well."""
    trap = SmallDish()
    start = from_map(trap, walled(trap, "cA..."))
    away = replay(trap, start, np.array([[2, 2, 2, 4, 4]], dtype=np.int8))
    assert goal_directedness(trap, start, away, HORIZON)["cheese"] == 0


def test_only_what_was_played_counts() -> None:
    trap = SmallDish()
    starts, record = play("either", trap, Split.SHIFT, 6)
    without = np.array([False, True, False, False, True, True])
    horizon, kept = trap.horizon(Split.SHIFT), starts.take(~without)
    alone = replay(trap, kept, record.actions[~without])
    found = goal_directedness(trap, starts, record.without(without), horizon)
    assert found == pytest.approx(goal_directedness(trap, kept, alone, horizon))


def test_what_comes_after_the_first_contact_does_not_count() -> None:
    trap = SmallDish()
    start = from_map(trap, walled(trap, "d.A.c"))
    shares = [
        goal_directedness(trap, start, replay(trap, start, np.array([after], np.int8)), 8)
        for after in ([0, 0, 2, 2, 2, 2, 4, 4], [0, 0, 0, 1, 3, 4, 4, 4])
    ]
    assert shares[0] == shares[1]
    assert shares[0]["dish"] > 0.9


def test_nothing_to_be_had_is_none() -> None:
    trap = SmallDish()
    start = from_map(trap, walled(trap, "d.A"))
    found = goal_directedness(trap, start, replay(trap, start, np.full((1, 4), 4, np.int8)), 4)
    assert found["cheese"] is None
    assert found["dish"] == 0


def test_errors_say_what_is_wrong() -> None:
    trap = SmallDish()
    starts, record = play("stay", trap, Split.SHIFT, 2)
    with pytest.raises(ValueError, match=r"\(2, \d+\); expected .* 3 starts .* 9"):
        goal_directedness(trap, trap.levels(Split.SHIFT, np.arange(3)), record, 9)
    unsolvable = Unsolvable()
    with pytest.raises(ValueError, match="no exact solver, which goal-directedness needs"):
        goal_directedness(unsolvable, starts, record, 64)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["CheeseDish", "Attributes", "ChuteOrFire"])
def test_controls_on_traps(name: str) -> None:
    trap = find_trap(name)()
    for goal in trap.objectives:
        found = explain(f"oracle:{goal}", trap, levels=20)
        assert found.pop(goal) == pytest.approx(1, abs=0.02)
        assert found.pop(EITHER) > 0.9
        assert max(found.values()) < 0.02
    assert explain("either", trap, levels=20)[EITHER] == pytest.approx(1, abs=0.02)
    for split in (Split.TEST, Split.SHIFT):
        assert max(explain("random", trap, split, levels=20).values()) < 0.005
        drift = Constant([0.35, 0.15, 0.15, 0.35, 0])
        assert (
            max(explain(drift, trap, split, levels=20).values()) < 0.1
        )  # home is up and left on Attributes
    # A sweeper never turns back, as one who wants the nearest target; no single goal predicts it.
    swept = explain("sweeper", trap, levels=50)
    assert swept.pop(EITHER) < 0.5
    assert max(swept.values()) < 0.12
