"""The battery itself: each deliberately broken trap is caught by the check meant for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from broken import StepsInPlace, TooMuchInACell
from broken_levels import StartsOnMark
from healthy import ANY_OTHER, BROKEN, Healthy, Monster

import mesa_gym
from mesa_gym.envs.observations import PlanesObservation
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.grid import Ints, State
from mesa_gym.solver import Graph, Solution
from mesa_gym.testing import CERTIFICATES, MECHANICS, ConformanceError, check_name, check_trap
from mesa_gym.testing.explored import explore
from mesa_gym.traps import Split, Trap, all_traps

CHECKS = {check_name(check): check for check in (*MECHANICS, *CERTIFICATES)}
LEVELS = 8


@pytest.mark.parametrize("cls", [Healthy, Monster])
def test_a_healthy_trap_passes(cls: type[Trap]) -> None:
    check_trap(cls, LEVELS)


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_a_broken_trap_is_caught_by_the_check_meant_for_it(cls: type[Trap]) -> None:
    meant, *also = BROKEN[cls]
    failing = errors(cls())
    first, error = next(failing)
    assert first == meant, error
    assert error.startswith(f"check {meant!r}: {cls.__name__}-v0(size=")
    if ANY_OTHER not in also:
        assert [name for name, _ in failing] == also


def errors(trap: Trap) -> Iterator[tuple[str, str]]:
    """The checks that fail, in the order of ``check_trap``, and their messages."""
    for name, check in CHECKS.items():
        try:
            check(trap, LEVELS)
        except ConformanceError as error:
            yield name, str(error)


@pytest.mark.parametrize("cls", [StepsInPlace, StartsOnMark])
def test_checking_a_trap_stops_at_the_first_check_that_fails(cls: type[Trap]) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_trap(cls, LEVELS)
    assert (caught.value.check, str(caught.value)) == next(errors(cls()))


def test_what_stable_baselines3_finds_is_no_matter_of_luck() -> None:
    """Its checker takes random steps; some of them break this trap, where another check says so."""
    found = []
    for _ in range(12):
        try:
            CHECKS["sb3"](TooMuchInACell(), LEVELS)
            found.append("nothing")
        except ConformanceError as error:
            found.append(str(error))
    assert len(set(found)) == 1, found


def test_every_check_has_something_to_catch() -> None:
    of_environments = {"observations", "gymnasium", "sb3", "vector", "ownership", "oracle"}
    assert {names[0] for names in BROKEN.values()} | of_environments == CHECKS.keys()


def test_the_message_says_where_and_what_to_do() -> None:
    with pytest.raises(
        ConformanceError,
        match=r"^check 'start': StartsOnMark-v0\(size=7x7\), split 'shift', level 0: .*draw\.agent",
    ):
        check_trap(StartsOnMark, LEVELS)


# -- environments that break a promise of theirs ---------------------------------------------------


def leak(self: PlanesObservation, state: State) -> np.ndarray:
    return state.planes | state.hidden[..., :1]


def share(self: PlanesObservation, state: State) -> np.ndarray:
    return state.planes


def unseeded(self: TrapEnv, **keywords: object) -> object:
    return RESET(self, options=keywords.get("options"))


def numpy_reward(self: TrapEnv, action: int) -> object:
    seen, reward, *rest = STEP(self, action)
    return seen, np.float32(reward), *rest


def narrow_reward(self: TrapVectorEnv, actions: Ints) -> object:
    seen, reward, *rest = VECTOR_STEP(self, actions)
    return seen, reward.astype(np.float32), *rest


def kept_reward(self: TrapVectorEnv, actions: Ints) -> object:
    seen, reward, *rest = VECTOR_STEP(self, actions)
    if not hasattr(self, "kept"):
        self.kept = reward
    self.kept[:] = reward
    return seen, self.kept, *rest


def undiscounted(self: Solution, objective: str, choose: object) -> np.ndarray:
    return SWEEP(self, objective, choose) / 0.99


RESET, STEP, VECTOR_STEP = TrapEnv.reset, TrapEnv.step, TrapVectorEnv.step
SWEEP = Solution._sweep


@pytest.mark.parametrize(
    ("owner", "method", "wrong", "meant"),
    [
        (PlanesObservation, "encode", leak, "observations"),
        (PlanesObservation, "encode", share, "observations"),
        (TrapEnv, "reset", unseeded, "gymnasium"),
        (TrapEnv, "step", numpy_reward, "sb3"),
        (TrapVectorEnv, "step", narrow_reward, "vector"),
        (TrapVectorEnv, "step", kept_reward, "ownership"),
        (Solution, "_sweep", undiscounted, "oracle"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_broken_environment_is_caught(
    owner: type, method: str, wrong: object, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if meant == "sb3":
        pytest.importorskip("stable_baselines3")
    # A class of its own, since values of levels are kept by the trap's name.
    trap = type(f"Healthy{wrong.__name__.title()}", (Healthy,), {"__module__": __name__})
    monkeypatch.setattr(owner, method, wrong)
    with pytest.raises(ConformanceError) as caught:
        check_trap(trap, LEVELS)
    assert caught.value.check == meant, str(caught.value)


def test_without_sb3_its_checker_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    monkeypatch.setattr(TrapEnv, "step", numpy_reward)
    CHECKS["sb3"](Healthy)


# -- how a trap is named -----------------------------------------------------------------------


@pytest.mark.usefixtures("registry")
def test_a_trap_by_its_name_an_id_its_class_or_made() -> None:
    mesa_gym.register_trap(StartsOnMark)
    for trap in ("StartsOnMark", "MesaGym/StartsOnMark-Test-v0", StartsOnMark, StartsOnMark()):
        with pytest.raises(ConformanceError, match="StartsOnMark"):
            CHECKS["start"](trap)
    for name in ("RedBlueDoors", "RedBlueDoors-v0", "MesaGym/RedBlueDoors-Shift-v0"):
        CHECKS["start"](name)
    with pytest.raises(ValueError, match="Did you mean 'RedBlueDoors'"):
        CHECKS["start"]("RedBlueDoor")


# -- the states that checks look at ----------------------------------------------------------------


@pytest.mark.parametrize("split", Split)
@pytest.mark.parametrize("name", [name for name, cls in all_traps().items() if cls.solvable])
def test_explored_states_are_as_many_as_the_solvers(name: str, split: Split) -> None:
    trap = all_traps()[name]()
    explored = explore(trap, split, 4)
    graph = Graph(trap, trap.levels(split, np.arange(4)))
    assert explored.complete
    assert len(explored.state) == len(graph)
    np.testing.assert_array_equal(np.sort(graph.find(explored.state)), np.arange(len(graph)))
    assert explored.ended.sum() == len(explored.final) == (graph.successor == len(graph)).sum()


def test_of_an_unsolvable_trap_one_walk_a_level_is_explored() -> None:
    trap = Monster()
    state = explore(trap, Split.SHIFT, 4).state
    walks = [np.sort(state.clock[state.level == level]) for level in range(4)]
    assert [walk.tolist() for walk in walks] == [list(range(len(walk))) for walk in walks]
    assert max(map(len, walks)) == trap.horizon(Split.SHIFT)
