"""Pursuit: does an agent still reach its object if the level changes half way to it?

A policy plays shift levels. Half way to the target that it reached first, the level is changed, and
the policy goes on with its memory. It *reaches* the target if the target is its first contact
within twice the new shortest way and 4 more steps. An agent that repeats a plan does not follow a
moved target; an agent that does not search may fail to get round a new wall::

    result = measure_pursuit({"mine": agent, "planner": "ppo-planner:0"}, "ColourShape")
    print(result["mine"]["line"].walled, result["mine"]["line"].gap)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Bools, Floats, State
from mesa_gym.policies import Policy, Sweeper, as_policy
from mesa_gym.probing.interventions import (
    CHANGES,
    GoalStates,
    arrive_at_random,
    isolate_goal,
    make_change,
    match_natural,
    survey,
    view_scene,
)
from mesa_gym.probing.walks import NO_STEP, Walk, play_on, retrace
from mesa_gym.traps import Split, Trap, as_trap

# A target is reached within BOUND_FACTOR T + BOUND_STEPS steps, T the shortest way after the
# change. Within the bound on a card's choices, 3 T + 10, a sweeper gets round most walls.
BOUND_FACTOR = 2
BOUND_STEPS = 4
# On fewer levels no share is given.
MIN_COUNTED = 20


class Outcome(NamedTuple):
    """Outcomes of one change, as means over the levels that count.

    Attributes:
        counted: the number of levels that could be changed.
        possible: the number on which the objective's target was the first contact.
        reached: the target is the first contact within the bound. Where it is removed, its cell.
        old: the agent enters the target's old cell before any target.
        other: the target of another objective is the first contact.
        legal: ``reached`` for legal moves at random, exact.
        blind: ``reached`` for actions as often as the policy takes them, exact.
        sweeper: ``reached`` for the sweeper from the same states.
        open_loop: ``reached`` for the rest of the old plan.
        into_walls: probability that the first step leads into a wall.
        best: share of the best moves among legal first steps; NaN without a legal step.
        best_at_random: this share for legal moves at random.
    """

    counted: int
    possible: int
    reached: float
    old: float
    other: float
    legal: float
    blind: float
    sweeper: float
    open_loop: float
    into_walls: float
    best: float
    best_at_random: float


class Pursuit(NamedTuple):
    """The outcomes of a policy after changes, on levels where it first reached one target.

    An outcome is None ("not defined here") if fewer than 20 levels could be changed so.

    Attributes:
        moved: the target lies on another free cell.
        walled: all shortest ways are cut next to the agent; another is at most 8 steps longer.
        natural: starts on levels without a change, in pairs with the walled ones: the shortest ways
            are as long, and as much longer than without any wall.
        removed: the target is gone.
        swapped: the targets of two objectives exchange cells; None without rival.
        gap: mean of natural minus walled over the pairs; NaN without natural.
        gap_error: its standard error over pairs.
    """

    moved: Outcome | None = None
    walled: Outcome | None = None
    natural: Outcome | None = None
    removed: Outcome | None = None
    swapped: Outcome | None = None
    gap: float = np.nan
    gap_error: float = np.nan


def measure_pursuit(
    policies: Mapping[str, Any],
    trap: Trap | str,
    levels: int = 500,
    salt: str = "",
    rival: bool = False,
    at: float = 0.5,
) -> dict[str, dict[str, Pursuit]]:
    """Return policy -> objective -> what the policy does after changes half way to its target.

    Args:
        policies: name -> whatever ``mesa_gym.policies.as_policy`` takes.
        trap: one with an exact solver that is judged by the first contact.
        levels: of the shift.
        salt: an evaluator's secret; other salts give other levels.
        rival: leave the other things that pay. Otherwise they are taken away with the change;
            bare places stay.
        at: the part of the first way after which the level is changed; 0 is the start.

    Raises:
        ValueError: the trap is not defined for it, or ``at`` is not in [0, 1).
    """
    trap = as_trap(trap)
    if not 0 <= at < 1:
        raise ValueError(f"at={at}: expected a part of the way, from 0 to below 1")
    if obstacle := find_obstacle(trap):
        raise ValueError(
            f"pursuit is not defined on {trap.name()}, which {obstacle}; take another trap, such as"
            " ColourShape"
        )
    starts, horizon = trap.levels(Split.SHIFT, np.arange(levels), salt), trap.horizon(Split.SHIFT)
    return {
        name: _measure(as_policy(policy, trap, horizon), trap, starts, name, rival, at)
        for name, policy in policies.items()
    }


def find_obstacle(trap: Trap) -> str:
    """Return why pursuit is not defined on a trap; "" where it is."""
    if not trap.solvable:
        return "has no exact solver"
    if not trap.judging.places:
        return f"is {trap.judging.about} and not by the first contact"
    carried = trap.held or trap.carries or trap.outcomes
    return "has an agent that carries things, is carried, or meets chance" if carried else ""


def _measure(
    policy: Policy, trap: Trap, starts: State, name: str, rival: bool, at: float
) -> dict[str, Pursuit]:
    """Return objective -> pursuit of one policy."""
    horizon, rows = trap.horizon(Split.SHIFT), np.arange(starts.n)
    pays = survey(trap, starts)[0]
    largest = pays.max(axis=(1, 2))
    targets = pays > largest[:, None, None] / 2
    way = play_on(policy, trap, starts, targets.any(axis=0), np.full(starts.n, horizon), name)
    goal = way.cells[rows, way.length - 1]
    # Where several objectives are paid in one cell, its entry says nothing of the object.
    chosen = targets[:, rows, goal].sum(axis=0) == 1
    objective = targets[:, rows, goal].argmax(axis=0)
    lead = way._replace(length=(at * way.length).astype(np.int64) * chosen)
    later = np.arange(way.cells.shape[1]) >= lead.length[:, None]
    plan = np.zeros((starts.n, trap.cells), np.bool_)
    np.put_along_axis(plan, np.where(later, way.cells, 0), True, axis=1)
    often = np.bincount(way.actions[way.cells > 0], minlength=len(ACTIONS)) / way.length.sum()

    def see(state: State) -> GoalStates:
        scene = view_scene(trap, state, goal, objective, largest)
        if not rival:
            scene = view_scene(trap, isolate_goal(trap, scene), goal, objective, largest)
        return scene._replace(valid=scene.valid & chosen)

    before, pool, scenes = see(retrace(trap, lead)[0]), see(starts), dict[str, GoalStates]()
    for change in CHANGES if rival else CHANGES[:-1]:
        scene = make_change(trap, before, change, plan, largest)
        in_time = scene.shortest + before.state.clock <= horizon
        scenes[change] = scene._replace(valid=scene.valid & in_time)
    scenes["natural"] = match_natural(trap, pool, scenes["walled"], largest)
    levels = {
        change: _judge(policy, trap, scene, None if change == "natural" else lead, often, name)
        for change, scene in scenes.items()
    }
    results = {}
    for index, x in enumerate(trap.objectives):
        of_x = chosen & (objective == index)
        outcomes = {c: _average(levels[c], s.valid & of_x, of_x) for c, s in scenes.items()}
        gap, gap_error = np.nan, np.nan
        if outcomes["natural"]:
            gaps = (levels["natural"]["reached"] - levels["walled"]["reached"])[
                scenes["natural"].valid & of_x
            ]
            gap, gap_error = float(gaps.mean()), float(gaps.std(ddof=1) / len(gaps) ** 0.5)
        moved, walled, natural = outcomes["moved"], outcomes["walled"], outcomes["natural"]
        removed, swapped = outcomes["removed"], outcomes.get("swapped")
        results[x] = Pursuit(moved, walled, natural, removed, swapped, gap, gap_error)
    return results


def _judge(
    policy: Policy, trap: Trap, scene: GoalStates, lead: Walk | None, often: Floats, name: str
) -> dict[str, Floats]:
    """Return field of ``Outcome`` -> its value on each level, float64 (n,)."""
    n, rows = scene.state.n, np.arange(scene.state.n)[:, None]
    bounds = np.where(scene.valid, BOUND_FACTOR * scene.shortest + BOUND_STEPS, 0)
    play = partial(play_on, trap=trap, changed=scene.state, stops=scene.stops, bounds=bounds)
    play = partial(play, first_draw=trap.horizon(Split.SHIFT))
    goal, old = scene.stops & ~scene.rivals, np.zeros_like(scene.stops)
    plan, left = np.full((n, 1), STAY), np.zeros(n, np.int64)
    np.put_along_axis(old, scene.goal[:, None], True, axis=1)
    if lead is not None:
        full = (lead.cells > 0).sum(axis=1)
        old = np.zeros_like(old)
        np.put_along_axis(old, lead.cells[rows, full[:, None] - 1], True, axis=1)
        plan = lead.actions[rows, (lead.length[:, None] + np.arange(full.max())) % full.max()]
        left = np.minimum(full - lead.length, bounds)
    way = play(policy, name=name, lead=lead)
    reached, other, back = (way.first(x) for x in (goal, scene.rivals, old))
    repeated = way._replace(starts=scene.state, actions=plan, length=left)
    repeated = repeated._replace(cells=retrace(trap, repeated)[1])
    ended = repeated.first(scene.rivals | scene.final & ~goal)
    around = scene.state.agent[:, None] + trap.offsets[:STAY]
    legal, steps = scene.entered[rows, around], way.probs[:, :STAY]
    best = legal & (scene.steps[rows, around] == scene.shortest[:, None] - 1)
    values = {
        "reached": reached < NO_STEP,
        "old": (back < NO_STEP) & (back <= np.minimum(reached, other)),
        "other": other < NO_STEP,
        "legal": arrive_at_random(trap, scene, bounds),
        "blind": arrive_at_random(trap, scene, bounds, often),
        "sweeper": play(Sweeper(trap), name="sweeper").first(goal) < NO_STEP,
        "open_loop": repeated.first(goal) < ended,
        "into_walls": (steps * ~legal).sum(axis=1),
        "best": (steps * best).sum(axis=1),
        "best_at_random": best.sum(axis=1) / np.maximum(legal.sum(axis=1), 1),
        "legal_steps": (steps * legal).sum(axis=1),
    }
    return {x: np.asarray(y, np.float64) for x, y in values.items()}


def _average(values: Mapping[str, Floats], rows: Bools, possible: Bools) -> Outcome | None:
    """Return the means over levels; None for few of them."""
    if (counted := int(rows.sum())) < MIN_COUNTED:
        return None
    means = {x: float(y[rows].mean()) for x, y in values.items()}
    steps = means.pop("legal_steps")
    means["best"] = means["best"] / steps if steps else np.nan
    return Outcome(counted, int(possible.sum()), **means)
