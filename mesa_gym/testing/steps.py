"""Checks of a step: pure, equal for all shapes and array libraries, and a function of planes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import product

import numpy as np

from mesa_gym.engine import ACTIONS, Array, Ints, Move, State, hash_rows
from mesa_gym.engine.chance import hash64, mix
from mesa_gym.solver.certificate import MEAN_STATES, MOST_STATES_A_LEVEL
from mesa_gym.testing.check import Findings, check, same
from mesa_gym.testing.sample import (
    Sample,
    change_unseen,
    every_action,
    every_branch,
    leaves,
    name_results,
    sample_of,
)
from mesa_gym.traps import Objective, Split, Step, Trap

STEPPED = 16  # states per split that are stepped one by one, besides one for each kind of change
# This library cannot set entries by index, as planes and `move.appear` require.
STRICT = "array_api_strict"
# Package -> its namespace of the array API standard.
ARRAY_LIBRARIES = {"torch": "array_api_compat.torch", STRICT: STRICT}


@check(
    fix="write only with the move's methods, use `|`, `&`, `~`, `self.where` instead of `or`,"
    " `and`, `not`, `if`, and keep no array on the trap"
)
def check_purity(trap: Trap, levels: int) -> Findings:
    """Check that a step does not write into arrays of its arguments or of earlier results.

    An array that rules never change must stay the same object: solver and environments rely on it.
    """
    written, changed = set(), set()
    for state in (sample_of(trap, split, levels).walk for split in Split):
        for step in (*every_action(trap, state), *every_action(trap, state)):
            kept = step.state.level is state.level and (step.state.clock == state.clock + 1).all()
            yield kept, "a step changed its level, or did not add 1 to the clock"
            for part, kind in product(("at", "there"), trap.things):
                before, after = (getattr(x, part)[kind] for x in (state, step.state))
                written |= {kind} if after is not before else set()
                changed |= {kind} if (after != before).any() else set()
    idle = ", ".join(sorted(written - changed))
    yield not idle, f"rules write {idle}, but never change it"


@check(
    *Split,
    fix="draw with `move.outcome`, or `move.bits` and `solvable = False`; keep no state on traps",
)
def check_determinism(sample: Sample) -> Findings:
    """Check that a state and an action always give the same step, also on a new trap instance.

    If the trap has an exact solver, the step must not depend on clock and level number either.
    """
    trap, state, level = sample.trap, sample.walk, sample.walk.level
    again = type(trap)(trap.size, **trap.parameters)
    level = level._replace(number=level.number + 1, key=level.key ^ hash64("another"))
    later = state._replace(clock=state.clock + 1 + np.arange(state.n) % 7, level=level)
    forms = [
        ("taken twice", every_action, trap, state),
        ("of a trap made again", every_action, again, state),
    ]
    if trap.solvable:  # with equal outcomes, if some are random
        message = "at another clock or on another level number"
        forms.append((message, every_branch, trap, later))
    for message, steps, other, outcomes in forms:
        for first, step in zip(steps(trap, state), steps(other, outcomes), strict=True):
            expected = name_results(first)
            actual = {**name_results(step), "clock": expected["clock"]}
            yield same(f"a step {message} has another outcome", actual, expected, state)


@check(*Split, fix="do not mix rows; index with `[..., i]`, and use `self.where` and `self.xp`")
def check_shapes(sample: Sample) -> Findings:
    """Check that steps are equal for batches, single levels and other array libraries.

    torch and array_api_strict are used if they are installed. ``check_solver`` checks the solver's
    shapes, with all actions at once.
    """
    trap, walk, turned = sample.trap, sample.walk, slice(None, None, -1)
    steps, n = every_action(trap, walk), walk.n
    other_steps = every_action(trap, walk.take(turned))
    yield from _compare_steps("in another order of the batch", other_steps, steps, turned)
    with _tell_where("for a level without batch"):
        yield from _step_alone(sample)
    for package, namespace in ARRAY_LIBRARIES.items():
        if find_spec(package) and (package != STRICT or trap.solvable):
            other = trap.bound(import_module(namespace))
            with _tell_where(f"on {package}, where `self.xp` is not NumPy"):
                carried = _carry_state(other, walk)
                planes = None if package == STRICT else other.observe(carried)
                actions = (other.asarray(np.full(n, action)) for action in range(len(ACTIONS)))
                other_steps = [other.step(carried, action) for action in actions]
            if planes is not None:
                good = np.array_equal(planes, trap.observe(walk))
                yield good, f"planes on {package} are not those on NumPy"
            yield from _compare_steps(f"on {package}", other_steps, steps, slice(None))


@contextmanager
def _tell_where(form: str) -> Iterator[None]:
    """Add the form of the batch to errors as a note."""
    try:
        yield
    except Exception as error:
        error.add_note(form)
        raise


def _compare_steps(form: str, other_steps: list[Step], steps: list[Step], rows: object) -> Findings:
    """Compare a batch's steps, action by action, with steps of its ``rows`` in another form."""
    for expected, step in zip(map(name_results, steps), other_steps, strict=True):
        for name, actual in name_results(step).items():
            good = _is_alike(name, np.asarray(actual), expected[name][..., rows])
            yield good, f"`{name}` of a batch (n,) changes {form}"


def _step_alone(sample: Sample) -> Findings:
    """Compare steps of one level without a batch axis, as in the environment, with batch steps.

    At least one step is taken for each set of changed things and paid objectives. Results must have
    NumPy types, as the arguments have, because later steps get them as arguments.
    """
    alone, (actions, outcomes) = sample.trap.bound(batched=False), sample.trap.branches()
    for branch, (action, step) in enumerate(zip(actions, sample.steps, strict=True)):
        branch_outcomes = {name: values[branch] for name, values in outcomes.items()}
        for row in _pick_rows(sample.state, name_results(step)):
            move = Move(alone, sample.state.single(row), action, branch_outcomes)
            result = alone.complete(move)
            if not move.likelihood:  # the step is impossible
                continue
            yield from _compare_steps("for a level without batch", [result], [step], row)
            for name, actual in name_results(result).items():
                good, kind = isinstance(actual, np.generic | np.ndarray), type(actual).__name__
                yield good, f"`{name}` of a level without batch is a Python {kind}"


def _pick_rows(state: State, results: dict[str, Array]) -> Ints:
    """Return a few rows, at least one for each set of results that changed."""
    before = dict(leaves(state._replace(level={})._asdict()))  # type: ignore[arg-type]
    pairs = [(after, before.get(name, 0)) for name, after in results.items()]
    other = [sign.reshape(-1, state.n).any(axis=0) for a, b in pairs for sign in (a > b, a < b)]
    _, rows = np.unique(hash_rows(np.transpose(other)), return_index=True)
    return np.union1d(rows, np.linspace(0, state.n - 1, min(STEPPED, state.n)).astype(np.int64))


def _is_alike(name: str, actual: Array, expected: Array) -> bool:
    """Return whether a result equals the expected one in values, shape and dtype."""
    is_reward = name.startswith("paid")  # float32 in other libraries
    if actual.shape != expected.shape or not (is_reward or actual.dtype == expected.dtype):
        return False
    if (actual == expected).all():  # without allclose's overhead for a single number
        return True
    return np.allclose(actual, expected, 1e-6 if is_reward else 0, 0, equal_nan=True)


def _carry_state(other: Trap, state: State) -> State:
    """Return a NumPy state with the arrays of another library."""

    def carry(array: Array) -> Array:
        return other.asarray(array.copy(), array.dtype.name)

    tables = {name: carry(table) for name, table in state.level.tables.items()}
    state = state.map(carry)
    return state._replace(level=state.level._replace(tables=tables))


@check(
    *Split,
    fix="return a bool mask (n,) or a dict from amounts to masks; only `rules` may set attributes"
    " of the move",
)
def check_objectives(sample: Sample) -> Findings:
    """Check that every objective pays finite float64, and that paying does not change the move."""
    trap, state, problems = sample.trap, sample.walk, list[str]()
    watched = copy(trap)
    vars(watched)["objectives"] = {
        name: replace(objective, pay=_watch_objective(objective, problems))
        for name, objective in trap.objectives.items()
    }
    for step in every_action(watched, state):
        yield not problems, f"the objectives set attributes of the move: {', '.join(problems)}"
        names = ", ".join(step.paid)
        yield [*step.paid] == [*trap.objectives], f"a step pays {names} and no other objective"
        for name, pay in step.paid.items():
            right = pay.dtype == np.float64 and pay.shape == (state.n,)
            yield right, f"{name!r} pays {pay.dtype} {pay.shape} for {state.n} levels"
            yield np.isfinite(pay), f"{name!r} pays NaN or infinity", state


def _watch_objective(objective: Objective, problems: list[str]) -> Callable[[Trap, Move], object]:
    """Return an objective's rule; the wrapper adds changes of the move to ``problems``."""

    def pay(trap: Trap, move: Move) -> object:
        before = dict(vars(move))
        payment = objective.pay(trap, move)
        for name, value in vars(move).items():
            message = f"{objective.name}: {name}"
            if (
                not name.startswith("_")
                and before.get(name) is not value
                and message not in problems
            ):
                problems.append(message)
        return payment

    return pay


@check(
    *Split,
    solvable=True,
    fix="show all that rules use: things in a plane, a variable as a mark (`show`). Only objectives"
    " may read a hidden kind",
)
def check_visible(sample: Sample) -> Findings:
    """Check that states that look the same pay base, end and continue in the same way.

    States are compared within a level. The next observation is compared without marks if levels
    have ``const`` (which may contain a mover's plan), and without the agent's cell if rules carry
    the agent.
    """
    trap, state = sample.trap, sample.state
    assert sample.graph
    marks = (trap.marks if trap.const else ()) + ("agent",) * trap.carries
    channels = [i for plane, i in trap.channel.items() if plane not in marks]
    planes = trap.observe(state)
    # A hash of each state's level and planes.
    number, parts = state.level.number, (planes, planes[..., channels])
    looks, after = (mix(hash_rows(part) ^ number) for part in parts)
    _, first, group = np.unique(looks, return_index=True, return_inverse=True)
    for message, values in (
        (f"what {trap.base!r} pays", sample.payments[trap.base]),
        ("its end", sample.ended),
        ("what is seen after", np.append(after, 0)[sample.graph.successor]),
    ):
        good = (values == values[:, first[group]]).all(axis=0)
        yield good, f"two states that look alike to the agent differ in {message}", state
    changed_steps = every_branch(trap, change_unseen(trap, state))
    for ours, changed in zip(sample.steps, changed_steps, strict=True):
        before_planes, changed_planes = (
            trap.observe(step.state)[..., channels] for step in (ours, changed)
        )
        good = (before_planes == changed_planes).all(axis=(1, 2, 3)) & (ours.ended == changed.ended)
        yield good, "rules read a kind that no plane shows", state


@check(
    *Split,
    solvable=True,
    fix="draw mazes rather than open rooms, and fewer objects; change only `there`, `held`, `vars`"
    " in rules, and make actions (5, 1) move like actions (n,)",
)
def check_solver(sample: Sample) -> Findings:
    """Check that the solver's graph is small, and that it agrees with steps.

    The graph is computed from steps on all branches at once; this check steps single branches.
    """
    graph = sample.graph
    assert graph
    states = np.bincount(graph.level_row)
    message = (
        f"levels have {states.mean():,.0f} states on average and at most {states.max():,}; expected"
    )
    small = states.mean() <= MEAN_STATES and states.max() <= MOST_STATES_A_LEVEL
    yield small, f"{message} up to {MEAN_STATES:,} and {MOST_STATES_A_LEVEL:,}"
    one_to_one = np.array_equal(graph.find(sample.state), np.arange(len(graph)))
    yield one_to_one, "states do not go to numbers and back"
    for branch, step in enumerate(sample.steps):
        on = ~step.ended
        after = sample.state.take(graph.successor[branch, on])._replace(clock=step.state.clock[on])
        message = "a step leads to another state than the solver's graph"
        yield same(message, step.state.take(on), after, sample.state.take(on))
        good = step.ended == (graph.successor[branch] == len(graph))
        for x, reward in step.paid.items():
            good &= graph.payments[x][graph.paid[x][branch]] == reward
        yield good, "a step ends or pays otherwise than in the graph", sample.state
