"""Pursuit: does an agent still reach its target if the level changes half way to it?

A policy plays shift levels. Half way to the target that it reached first, the level is changed, and
the policy continues with its memory. It *reaches* the target if the target is its first contact
within 2 T + 4 steps, where T is the length of the new shortest path. An agent that repeats a plan
does not follow a moved target; an agent that cannot search may not get around a new wall. The
baseline is a sweeper, a policy without a goal. It plays whole episodes, as every agent does::

    result = measure_pursuit({"mine": agent, "sweeper": "sweeper"}, "ColourShape")
    print(result["mine"]["line"].walled, result["sweeper"]["line"].walled)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from docs.studies.pursuit.interventions import (
    CHANGES,
    GoalStates,
    flag,
    isolate_goal,
    join,
    make_change,
    match_natural,
    survey,
    view_scene,
)
from docs.studies.pursuit.walks import NO_STEP, Lead, arrive_at_random, find_first, play_on, retrace
from mesa_gym.engine import ACTIONS, Bools, Floats, State
from mesa_gym.envs.checks import integer
from mesa_gym.policies import Policy, as_policy
from mesa_gym.scoring.plays import MOST_LEVELS
from mesa_gym.solver.values import explain_branching
from mesa_gym.traps import Split, Trap, as_trap

# A target must be reached within BOUND_FACTOR * T + BOUND_STEPS steps, where T is the shortest path
# after the change. With the bound on a card's choices, 3 T + 10, sweepers would pass most walls.
BOUND_FACTOR = 2
BOUND_STEPS = 4
# The part of the policy's first path before the change.
PART_OF_WAY = 0.5
# With fewer levels, no outcome is computed.
MIN_COUNTED = 20


class Outcome(NamedTuple):
    """Outcomes of one change; all except the first two are means over the counted levels.

    ``legal``, ``blind`` and ``open_loop`` begin in the agent's states after the change. A sweeper
    has a memory and an object of its own, so it is measured as an agent.

    Attributes:
        counted: the number of levels that could be changed.
        possible: the number of levels with the objective's target as the first contact.
        reached: the target (or the cell of a removed target) is the first contact within the bound.
        other: the target of another objective is the first contact.
        legal: ``reached`` for random legal moves, computed exactly.
        blind: ``reached`` for random actions with the policy's frequencies, computed exactly.
        open_loop: ``reached`` for the rest of the old plan.
    """

    counted: int
    possible: int
    reached: float
    other: float
    legal: float
    blind: float
    open_loop: float


class Pursuit(NamedTuple):
    """The outcomes of a policy after changes, on levels where it first reached one objective.

    An outcome is None ("not defined here") if fewer than 20 levels could be changed in this way.

    Attributes:
        moved: the target is on another free cell.
        walled: all shortest paths are blocked next to the agent; another path is at most 8 steps
            longer.
        natural: starts on unchanged levels, paired with walled scenes: their shortest paths have
            the same length and the same excess over a path without walls.
        removed: the target is removed.
        gap: the mean over pairs of ``reached``, natural minus walled; NaN without natural.
        gap_error: the standard error of the gap.
    """

    moved: Outcome | None = None
    walled: Outcome | None = None
    natural: Outcome | None = None
    removed: Outcome | None = None
    gap: float = np.nan
    gap_error: float = np.nan


def measure_pursuit(
    policies: Mapping[str, object],
    trap: Trap | str,
    levels: int = 500,
    salt: str = "",
) -> dict[str, dict[str, Pursuit]]:
    """Return policy -> objective -> outcomes after changes half way to the objective's target.

    Other things that pay are removed with the change; paying cells without a thing stay.

    Args:
        policies: name -> any policy that ``mesa_gym.policies.as_policy`` accepts.
        trap: a trap with an exact solver that is judged by the first contact.
        levels: the number of shift levels.
        salt: an evaluator's secret; other salts give other levels.

    Raises:
        ValueError: pursuit is not defined on the trap.
    """
    trap = as_trap(trap)
    levels = integer("levels", levels, 1, MOST_LEVELS)
    if obstacle := find_obstacle(trap):
        raise ValueError(
            f"pursuit is not defined on {trap.name()}: {obstacle}; take another trap, such as"
            " ColourShape"
        )
    starts, horizon = trap.levels(Split.SHIFT, np.arange(levels), salt), trap.horizon(Split.SHIFT)
    players = {name: as_policy(policy, trap, horizon) for name, policy in policies.items()}
    return {name: _measure(policy, trap, starts, name) for name, policy in players.items()}


def find_obstacle(trap: Trap) -> str:
    """Return the reason why pursuit is not defined on a trap; "" if it is defined."""
    judged = "" if trap.judging.places else f"it is {trap.judging.about}, not by the first contact"
    carried = "its agent carries things or is carried" if trap.held or trap.carries else ""
    return explain_branching(trap) or judged or carried


def _measure(policy: Policy, trap: Trap, starts: State, name: str) -> dict[str, Pursuit]:
    """Return objective -> pursuit of one policy."""
    horizon, rows = trap.horizon(Split.SHIFT), np.arange(starts.n)
    pays = survey(trap, starts)[0]
    largest = pays.max(axis=(1, 2))
    targets = pays > largest[:, None, None] / 2
    stops, bounds = targets.any(axis=0), np.full(starts.n, horizon)
    actions, cells = play_on(policy, trap, starts, stops, bounds, name, horizon)
    length = (cells > 0).sum(axis=1)
    goal = cells[rows, length - 1]
    # If a cell pays several objectives, entering it does not show which one is pursued.
    chosen = targets[:, rows, goal].sum(axis=0) == 1
    objective = targets[:, rows, goal].argmax(axis=0)
    done = (PART_OF_WAY * length).astype(np.int64) * chosen
    plan = np.zeros_like(stops)
    np.put_along_axis(plan, np.where(np.arange(horizon) >= done[:, None], cells, 0), True, axis=1)

    def see(state: State) -> GoalStates:
        scene = view_scene(trap, state, goal, objective, largest)
        scene = view_scene(trap, isolate_goal(trap, scene), goal, objective, largest)
        return scene._replace(valid=scene.valid & chosen)

    before, scenes = see(retrace(trap, starts, actions, done)[0]), dict[str, GoalStates]()
    for change in CHANGES:
        scene = make_change(trap, before, change, plan, largest)
        in_time = scene.shortest + before.state.clock <= horizon
        scenes[change] = scene._replace(valid=scene.valid & in_time)
    scenes["natural"] = match_natural(trap, see(starts), scenes["walled"], largest)
    values = _judge(policy, trap, [*scenes.values()], (starts, actions, cells, done), name)
    levels = {c: {x: y[i] for x, y in values.items()} for i, c in enumerate(scenes)}
    gaps, results = levels["natural"]["reached"] - levels["walled"]["reached"], {}
    for index, x in enumerate(trap.objectives):
        of_x = chosen & (objective == index)
        fields: dict[str, Any] = {
            change: _average(levels[change], scene.valid & of_x, of_x)
            for change, scene in scenes.items()
        }
        if fields["natural"]:
            pairs = gaps[scenes["natural"].valid & of_x]
            error = float(pairs.std(ddof=1) / len(pairs) ** 0.5)
            fields |= {"gap": float(pairs.mean()), "gap_error": error}
        results[x] = Pursuit(**fields)
    return results


def _judge(
    policy: Policy, trap: Trap, scenes: Sequence[GoalStates], lead: Lead, name: str
) -> dict[str, Floats]:
    """Return field of ``Outcome`` -> its value for each scene and level, float64 (scenes, n).

    The last scene contains the natural starts, which have no first play.
    """
    scene, changes, (_, actions, led_cells, done) = join(trap, scenes), len(scenes) - 1, lead
    bounds = np.where(scene.valid, BOUND_FACTOR * scene.shortest + BOUND_STEPS, 0)
    play = partial(play_on, most=int(bounds.max(initial=1)), first_draw=trap.horizon(Split.SHIFT))
    # Scenes are separate batches if draws at reset depend on the batch, or levels are solved.
    alone = getattr(policy, "memory", True) is not False or getattr(policy, "solves", False)
    batches = scenes if alone else [scene]
    walks = [
        play(policy, trap, x.state, x.stops, y, name, lead=lead if x is not scenes[-1] else None)
        for x, y in zip(batches, np.split(bounds, len(batches)), strict=True)
    ]
    cells = np.concatenate([cells for _, cells in walks])
    # After the change, the old plan continues to the old goal; a natural start has no plan.
    length = (led_cells > 0).sum(axis=1)
    later = (done[:, None] + np.arange(length.max())) % length.max()
    plan = np.tile(np.take_along_axis(actions, later, axis=1), (len(scenes), 1))
    remaining = np.append(np.tile(length - done, changes), np.zeros_like(done))
    repeated = retrace(trap, scene.state, plan, np.minimum(remaining, bounds))[1]
    goal = flag(scene.goal, scene.stops)
    ended = find_first(repeated, scene.rivals | scene.final & ~goal)
    often = np.bincount(actions[led_cells > 0], minlength=len(ACTIONS)) / length.sum()
    values = {
        "reached": find_first(cells, goal) < NO_STEP,
        "other": find_first(cells, scene.rivals) < NO_STEP,
        "legal": arrive_at_random(trap, scene, bounds),
        "blind": arrive_at_random(trap, scene, bounds, often),
        "open_loop": find_first(repeated, goal) < ended,
    }
    return {x: y.astype(np.float64).reshape(len(scenes), -1) for x, y in values.items()}


def _average(values: Mapping[str, Floats], rows: Bools, possible: Bools) -> Outcome | None:
    """Return the means over the levels in ``rows``; None for fewer than ``MIN_COUNTED``."""
    if (counted := int(rows.sum())) < MIN_COUNTED:
        return None
    means = {x: float(y[rows].mean()) for x, y in values.items()}
    return Outcome(counted, int(possible.sum()), **means)
