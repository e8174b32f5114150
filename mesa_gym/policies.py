"""Policies: what is scored and watched. Observations in, action probabilities out, for a batch."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import unknown
from mesa_gym.grid import ACTIONS, Bools, State
from mesa_gym.grid.bits import UInt64s
from mesa_gym.solver import ANY, Graph, Solution, actions_in, reference_actions, solutions
from mesa_gym.solver.solution import STAY
from mesa_gym.traps import Trap

SCHEMA = 1
POLICY_FILE = "policy.json"


@runtime_checkable
class Policy(Protocol):
    """What acts.

    Attributes:
        observation: the kind of observation that ``act`` wants, one of the environments' four.
    """

    observation: str

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget the past of the rows in ``mask`` (bool (n,)), whose episodes begin.

        Args:
            mask: bool (n,).
            rng: for policies that choose something once an episode.
        """

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.floating[Any]] | NDArray[np.integer[Any]]:
        """Action probabilities (n, 5), or actions (n,), for a batch of n.

        Args:
            observation: what the agents see, (n, ...).
            state: the states themselves, for oracles. They must not be changed.
        """


class Memoryless:
    """A policy that carries nothing from step to step."""

    observation = "planes"

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """There is nothing to forget."""


class Constant(Memoryless):
    """The same action probabilities always."""

    def __init__(self, probabilities: list[float]) -> None:
        self.probabilities = np.array(probabilities)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """The probabilities, repeated, float64 (n, 5)."""
        return np.tile(self.probabilities, (len(observation), 1))


def uniform() -> Constant:
    """Every action equally likely."""
    return Constant([1 / len(ACTIONS)] * len(ACTIONS))


def constant(action: int) -> Constant:
    """One action for ever."""
    return Constant([float(a == action) for a in range(len(ACTIONS))])


class Oracle(Memoryless):
    """The exact optimal policy for one objective.

    It acts optimally for the objective and, among its optimal policies, best for the base
    objective; between actions that are still equal it chooses at random. It reads the state. A
    state that it has not solved yet is solved when it is met, with all that can follow.
    """

    def __init__(self, trap: Trap, objective: str, horizon: int) -> None:
        """An oracle for episodes of ``horizon`` steps.

        Args:
            trap: a solvable trap.
            objective: the name of one of its objectives; ``base``; or ``any``, their sum.
            horizon: the time limit, which optimal actions depend on.
        """
        if not trap.solvable:
            raise _not_for(trap, f"oracle:{objective}")
        name = trap.base if objective == "base" else objective
        if name not in (*trap.objectives, ANY):
            raise unknown(f"objective of {trap.name()}", objective, (*trap.objectives, ANY))
        self.trap, self.objective, self.horizon = trap, name, horizon
        self.forget()

    def forget(self) -> None:
        """Drop all solutions, which hold a few hundred bytes a state."""
        self._solved: list[tuple[Graph, list[NDArray[np.uint8]]]] = []
        self._levels: UInt64s = np.empty(0, dtype=np.uint64)
        self._chunk_of_level: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Equal probabilities over the oracle's actions, float64 (n, 5)."""
        if state is None:
            raise ValueError("an oracle needs the state: act(observation, state)")
        mask = self._masks(state)
        missing = (mask == 0).nonzero()[0]
        while missing.size:  # one state of each level at a time
            unsolved = state.take(missing)
            self._solve(unsolved)
            mask[missing] = self._masks(unsolved)
            missing = missing[mask[missing] == 0]
        allowed = actions_in(mask)
        return allowed / allowed.sum(axis=1, keepdims=True)

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """The actions that it chooses from, as ``Solution.optimal`` gives them."""
        return solution.oracle(self.objective)

    def _masks(self, state: State) -> NDArray[np.uint8]:
        """The set of actions for each row, uint8 (n,); 0 where it is not solved."""
        mask = np.zeros(len(state), dtype=np.uint8)
        time = np.minimum(state.clock, self.horizon - 1)
        at = np.searchsorted(self._levels, state.key)
        at[at == len(self._levels)] = 0
        chunks = np.full(len(state), -1)
        if len(self._levels):
            chunks = np.where(self._levels[at] == state.key, self._chunk_of_level[at], -1)
        for chunk in np.unique(chunks[chunks >= 0]):
            graph, sets = self._solved[chunk]
            rows = (chunks == chunk).nonzero()[0]
            number = graph.find(state.take(rows))
            for t in np.unique(time[rows]):
                here = (time[rows] == t) & (number >= 0) & (number < len(sets[t]))
                mask[rows[here]] = sets[t][number[here]]
        return mask

    def _solve(self, state: State) -> None:
        """Solve from the first of the given states of each level."""
        _, first = np.unique(state.key, return_index=True)
        for _, solution in solutions(self.trap, state.take(first), self.horizon):
            self.learn(solution)

    def learn(self, solution: Solution) -> None:
        """Take over a solution that somebody else has made, where its horizon is the same."""
        if solution.horizon != self.horizon:
            return
        self._solved.append((solution.graph, self.sets(solution)))
        keys = solution.starts.key
        fresh = np.full(len(keys), len(self._solved) - 1)
        chunks = np.concatenate([fresh, self._chunk_of_level])
        # A level that is solved anew, from another state, takes the place of the old solution.
        self._levels, first = np.unique(np.concatenate([keys, self._levels]), return_index=True)
        self._chunk_of_level = chunks[first]


class Reference(Memoryless):
    """The scripted policy for one objective of a trap without exact solver. It reads the state."""

    def __init__(self, trap: Trap, objective: str) -> None:
        """The policy of an objective, by name, or of ``base``."""
        if trap.solvable:
            raise _not_for(trap, f"reference:{objective}")
        name = trap.base if objective == "base" else objective
        if name not in trap.objectives:
            raise unknown(f"objective of {trap.name()}", objective, trap.objectives)
        self.trap, self.objective = trap, name

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Probability 1 for the reference's action, float64 (n, 5)."""
        if state is None:
            raise ValueError("a reference policy needs the state: act(observation, state)")
        return np.eye(len(ACTIONS))[reference_actions(self.trap, self.objective, state)]


def references(trap: Trap | type[Trap]) -> list[str]:
    """The policies beside which a trained agent's numbers mean something, by name."""
    return [*_goals(trap), "random", "stay"]


def _goals(trap: Trap | type[Trap]) -> list[str]:
    exact = [f"oracle:{x}" for x in (*trap.objectives, ANY)]
    return exact if trap.solvable else [f"reference:{x}" for x in trap.objectives]


def _not_for(trap: Trap, spec: str) -> ValueError:
    has, use = "an" if trap.solvable else "no", ", ".join(_goals(trap))
    return ValueError(f"{trap!r} has {has} exact solver, hence no {spec!r}; use one of {use}")


def load_policy(spec: str, trap: Trap, horizon: int) -> Policy:
    """The policy that a name means, for episodes of ``horizon`` steps.

    Args:
        spec: ``random``, ``stay``, ``oracle:<objective>`` (``oracle:any`` is the oracle of the sum
            of all) or, for a trap without exact solver, ``reference:<objective>``, where ``base``
            is an alias; a trained agent's directory; or ``module:factory``, called with the trap.
        trap: what it shall act on.
        horizon: the time limit in steps.

    Raises:
        ValueError: the spec means nothing, or the directory is missing, damaged or made for
            another trap or version; the message says how to mend it.
    """
    if spec == "random":
        return uniform()
    if spec == "stay":
        return constant(STAY)
    if spec.startswith("oracle:"):
        return Oracle(trap, spec.removeprefix("oracle:"), horizon)
    if spec.startswith("reference:"):
        return Reference(trap, spec.removeprefix("reference:"))
    if Path(spec).is_dir():
        return _from_directory(Path(spec), trap)
    if "/" in spec or spec.startswith("."):
        raise ValueError(f"policy {spec!r}: there is no such directory")
    if ":" in spec:
        return _checked(_factory(spec, spec)(trap), spec)
    raise unknown("policy (nor is it a directory or module:factory)", spec, references(trap))


def read_policy_file(folder: Path) -> dict[str, Any]:
    """What ``policy.json`` of a trained agent says.

    Raises:
        ValueError: it is missing, damaged, of another schema, or lacks an entry.
    """
    path = folder / POLICY_FILE
    try:
        entries = json.loads(path.read_text())
    except FileNotFoundError:
        raise ValueError(f"{folder} holds no trained agent: {POLICY_FILE} is missing") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}); train or copy the agent again") from None
    needed = {"schema", "trap", "observation", "loader", "weights"}
    if not isinstance(entries, dict) or needed - entries.keys():
        lacking = ", ".join(sorted(needed - set(entries)))
        raise ValueError(f"{path} is damaged: it lacks {lacking}; train or copy the agent again")
    if entries["schema"] != SCHEMA:
        raise ValueError(f"{path} has schema {entries['schema']!r}; this version reads {SCHEMA}")
    return entries


def _from_directory(folder: Path, trap: Trap) -> Policy:
    entries = read_policy_file(folder)
    if entries["trap"] != trap.name():
        raise ValueError(
            f"the agent in {folder} was trained on {entries['trap']!r} and cannot act on"
            f" {trap.name()!r}; train one for it"
        )
    weights = folder / entries["weights"]
    if not weights.is_file():
        raise ValueError(f"{weights} is missing; train or copy the agent again")
    load = _factory(entries["loader"], str(folder))
    return _checked(load(folder, trap), str(folder))


def _factory(path: str, spec: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise
        raise ValueError(
            f"policy {spec!r}: module {module!r} cannot be imported; run from a checkout, or"
            " install what provides it"
        ) from None
    try:
        factory: Callable[..., Any] = getattr(loaded, name)
    except AttributeError:
        public = [n for n in vars(loaded) if not n.startswith("_")]
        raise unknown(f"factory in {module}", name, public) from None
    return factory


def _checked(policy: Any, spec: str) -> Policy:
    if not isinstance(policy, Policy):
        raise ValueError(
            f"policy {spec!r} gave a {type(policy).__name__}; it needs the attribute"
            " `observation` and the methods reset(mask, rng) and act(observation, state=None)"
        )
    return policy
