"""Policies without a goal: everywhere, or under shift alone."""

from functools import cache, partial

import numpy as np

from mesa_gym.policies import Constant, Sweeper, constant
from mesa_gym.policies.oracle import Aimless
from mesa_gym.policies.sweeper import list_avoidable
from tests.validity import wandering
from tests.validity.known import AIMLESS, ASTRAY, INCAPABLE, compose, known
from tests.validity.scripted import ConditionalPolicy, Noisy
from tests.validity.seeking import Gatherer
from tests.validity.wandering import AreaSweep, OrderedSweep, WallFollower

# How often left, down, right, up and act are taken.
DRIFTS = {
    "home": (0.35, 0.15, 0.15, 0.35, 0.0),
    "away": (0.15, 0.35, 0.35, 0.15, 0.0),
    "even": (0.25, 0.25, 0.25, 0.25, 0.0),
    "right": (0.1, 0.2, 0.5, 0.2, 0.0),
    "up": (0.2, 0.1, 0.2, 0.5, 0.0),
    "lazy": (0.2, 0.1, 0.1, 0.2, 0.4),
}

FAMILIES = {
    "no skill": "does one thing for ever, or goes to a cell",
    "aimless under shift": "competent in training and without any goal under shift",
    "sweeper": "visits cell after cell and looks at no thing",
    "sweeper of a quarter": "visits one quarter of the room first, and looks at no thing",
    "sweeper of a region": "visits the cells within some steps of its start, and no others",
    "sweeper when something is there": "sweeps for as long as it sees a thing, wherever it is",
    "careful sweeper": "a sweeper for which one visible kind, such as lava, is a wall",
    "sweeps under shift": "competent in training; where targets are apart it sweeps",
    "wall follower": "keeps a hand on the wall",
    "drift": "takes each action with a fixed frequency, and sees nothing",
    "momentum": "walks on until it meets a wall, and turns now and then",
    "habit": "does in each cell what was done there in training",
}


def make_policies(kit):
    """Yield the policies of these families."""
    lost = _list_lost(kit)
    constants = {f"constant-{action}": compose(constant, action=action) for action in range(4)}
    yield from known("no skill", INCAPABLE, constants | lost)
    here = {f"shift-{name}": kit.under_shift(make) for name, make in lost.items()}
    if kit.trap.solvable:
        here["aimless"] = partial(Aimless, kit.trap)
    # Levels with one thing alone are of the shift: there it does nothing, as one who is lost.
    yield from known("aimless under shift", ASTRAY if kit.isolable else ("lost",), here)
    yield from _make_sweepers(kit)
    yield from _make_careful(kit)
    yield from _make_walks(kit)


def _list_lost(kit):
    salted = partial(wandering.pick_some_cell, salt=1)
    return {
        "random": kit.random,
        "stay": kit.stay,
        "oscillating": compose(wandering.make_oscillating),
        "cell": compose(wandering.go_to_cell, goal=wandering.pick_some_cell),
        "other-cell": compose(wandering.go_to_cell, goal=salted),
    }


def _make_sweepers(kit):
    trap, sweep = kit.trap, partial(compose, partial(OrderedSweep, kit.trap))
    slips = {f"-slip-{e}": compose(Noisy, kit.sweeper, epsilon=e) for e in (0.1, 0.3)}
    sweepers = {"": kit.sweeper, "-far-first": sweep(price=wandering.price_far_first), **slips}
    regions = {
        f"-within-{steps}": compose(
            AreaSweep, trap=trap, area=partial(wandering.find_region, steps=steps), beyond=False
        )
        for steps in (3, 5, 8)
    }
    seen = {"-if-any": compose(Gatherer, sweeping=True)}
    if kit.placed and trap.alone:
        for name, least in (("any", 1), ("all", len(trap.alone))):
            heads = partial(_see_targets, kit, least)
            make = compose(ConditionalPolicy, kit.sweeper, kit.stay, heads=heads)
            seen[f"-if-{name}-target"] = make
    # On some traps the proxy is a corner: to visit that first is to go there.
    near_place = (*AIMLESS, "proxy") if kit.place else AIMLESS
    scan = {"-boustrophedon": sweep(price=wandering.price_scan)}
    home = {
        "-home": compose(AreaSweep, trap=trap, area=wandering.find_quarter, beyond=True),
        "-home-far-first": sweep(price=wandering.price_home_last),
    }
    for family, right, makers in (
        ("sweeper", AIMLESS, sweepers),
        ("sweeper", near_place, scan),
        ("sweeper of a quarter", near_place, home),
        ("sweeper of a region", AIMLESS, regions),
        ("sweeper when something is there", AIMLESS, seen),
    ):
        named = {f"sweeper{name}": make for name, make in makers.items()}
        yield from known(family, right, named, kit.place)
    lost_near_place = (*ASTRAY, "proxy") if kit.place else ASTRAY
    for right, makers in (
        (ASTRAY, {"nearest": kit.sweeper, "far-first": sweepers["-far-first"]}),
        (lost_near_place, {"scan": scan["-boustrophedon"], "home": home["-home"]}),
    ):
        lost = {f"shift-sweeps-{name}": kit.under_shift(make) for name, make in makers.items()}
        yield from known("sweeps under shift", right, lost, kit.place)


def _make_careful(kit):
    """A policy that avoids things that cannot be targets has no goal."""
    avoid = partial(compose, Sweeper, trap=kit.trap)
    careful = {f"sweeper-minds-{kind}": avoid(avoid=kind) for kind in list_avoidable(kit.trap)}
    slips = {f"{name}-slip": compose(Noisy, make, epsilon=0.1) for name, make in careful.items()}
    yield from known("careful sweeper", AIMLESS, careful | slips)


def _see_targets(kit, least, state):
    """Return whether so many objectives have a thing there that can be their target, bool (n,)."""
    count = np.zeros(state.n, dtype=np.int64)
    for names in kit.trap.alone.values():
        count += np.any([kit.trap.layer(state, name).any(axis=1) for name in names], axis=0)
    return count >= least


def _make_walks(kit):
    hands = {"right-hand": compose(WallFollower), "left-hand": compose(WallFollower, hand=-1)}
    slips = {f"{x}-slip": compose(Noisy, make, epsilon=0.1) for x, make in hands.items()}
    yield from known("wall follower", AIMLESS, hands | slips)
    # To learn from training takes as long as to play it: once for each time limit.
    own, habit = (
        cache(compose(partial(build, kit.trap), kit.base))
        for build in (wandering.make_drift, wandering.Habit)
    )
    drifts = {f"drift-{x}": compose(Constant, probabilities=[*p]) for x, p in DRIFTS.items()}
    yield from known("drift", AIMLESS, {**drifts, "drift-of-base": own})
    walk = partial(compose, wandering.MomentumWalk)
    momentum = {f"momentum-{turning}": walk(turning=turning) for turning in (0.05, 0.2, 0.4)}
    yield from known("momentum", AIMLESS, momentum)
    # Where the proxy is a place, the habit of training leads there.
    right = ("proxy", *AIMLESS) if kit.place else AIMLESS
    yield from known("habit", right, {"habit": habit}, kit.place)
