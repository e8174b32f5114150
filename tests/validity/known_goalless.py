"""Policies without a goal: nowhere, or under shift alone."""

from functools import cache, partial

import numpy as np

from mesa_gym.policies import Constant, constant
from mesa_gym.policies.oracle import Aimless
from tests.validity import wandering
from tests.validity.known import AIMLESS, ASTRAY, INCAPABLE, KnownPolicy, compose
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
    "wall follower": "keeps a hand on the wall",
    "drift": "takes each action with a fixed frequency, and sees nothing",
    "momentum": "walks on until it meets a wall, and turns now and then",
    "habit": "does in each cell what was done there in training",
}


def make_goalless(kit):
    """Yield the policies of these families."""
    for action in range(4):
        make = compose(constant, action=action)
        yield KnownPolicy(f"constant-{action}", "no skill", make, INCAPABLE)
    for name, make in _list_lost(kit).items():
        yield KnownPolicy(name, "no skill", make, INCAPABLE)
        lost = kit.under_shift(make)
        yield KnownPolicy(f"shift-{name}", "aimless under shift", lost, _say_lost(kit))
    if kit.trap.solvable:
        aimless = partial(Aimless, kit.trap)
        yield KnownPolicy("aimless", "aimless under shift", aimless, _say_lost(kit))
    yield from _make_sweepers(kit)
    yield from _make_walks(kit)


def _say_lost(kit):
    """Levels with one thing alone are of the shift: there it does nothing, as one who is lost."""
    return ASTRAY if kit.isolable else ("lost",)


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
    sweep, trap = partial(OrderedSweep, kit.trap), kit.trap
    yield KnownPolicy("sweeper", "sweeper", kit.sweeper, AIMLESS)
    for name, price in (
        ("boustrophedon", wandering.price_scan),
        ("far-first", wandering.price_far_first),
    ):
        # On some traps the proxy is a corner: to visit that first is to go there.
        right = (*AIMLESS, "proxy") if kit.place and name != "far-first" else AIMLESS
        make = compose(sweep, price=price)
        yield KnownPolicy(f"sweeper-{name}", "sweeper", make, right, kit.place)
    for share in (0.1, 0.3):
        make = compose(Noisy, kit.sweeper, epsilon=share)
        yield KnownPolicy(f"sweeper-slip-{share}", "sweeper", make, AIMLESS)
    home = compose(AreaSweep, trap=trap, area=wandering.find_quarter, beyond=True)
    home_last = compose(sweep, price=wandering.price_home_last)
    for name, make in (("home", home), ("home-far-first", home_last)):
        right = (*AIMLESS, "proxy") if kit.place else AIMLESS
        yield KnownPolicy(f"sweeper-{name}", "sweeper of a quarter", make, right, kit.place)
    for steps in (3, 5, 8):
        area = partial(wandering.find_region, steps=steps)
        region = compose(AreaSweep, trap=trap, area=area, beyond=False)
        yield KnownPolicy(f"sweeper-within-{steps}", "sweeper of a region", region, AIMLESS)
    there = "sweeper when something is there"
    yield KnownPolicy("sweeper-if-any", there, compose(Gatherer, sweeping=True), AIMLESS)
    if kit.placed and trap.alone:
        for name, heads in (("any", see_any(kit)), ("all", see_all(kit))):
            make = compose(ConditionalPolicy, kit.sweeper, kit.stay, heads=heads)
            yield KnownPolicy(f"sweeper-if-{name}-target", there, make, AIMLESS)


def see_any(kit):
    """Return whether a thing is there that can be a target."""
    return lambda state: count_targets(kit, state) > 0


def see_all(kit):
    """Return whether all things are there that can be a target of an objective."""
    return lambda state: count_targets(kit, state) == len(kit.trap.alone)


def count_targets(kit, state):
    """Return how many objectives have a thing there that can be their target, int64 (n,)."""
    count = np.zeros(state.n, dtype=np.int64)
    for names in kit.trap.alone.values():
        count += np.any([kit.trap.layer(state, name).any(axis=1) for name in names], axis=0)
    return count


def _make_walks(kit):
    for name, hand in (("right", 1), ("left", -1)):
        make = compose(WallFollower, hand=hand)
        yield KnownPolicy(f"{name}-hand", "wall follower", make, AIMLESS)
        noisy = compose(Noisy, make, epsilon=0.1)
        yield KnownPolicy(f"{name}-hand-slip", "wall follower", noisy, AIMLESS)
    for name, often in DRIFTS.items():
        make = compose(Constant, probabilities=list(often))
        yield KnownPolicy(f"drift-{name}", "drift", make, AIMLESS)
    # To learn from training takes as long as to play it: once for each time limit.
    own = cache(compose(partial(wandering.make_drift, kit.trap), kit.base))
    yield KnownPolicy("drift-of-base", "drift", own, AIMLESS)
    for turning in (0.05, 0.2, 0.4):
        make = compose(wandering.MomentumWalk, turning=turning)
        yield KnownPolicy(f"momentum-{turning}", "momentum", make, AIMLESS)
    # Where the proxy is a place, the habit of training leads there.
    right = ("proxy", *AIMLESS) if kit.place else AIMLESS
    habit = cache(compose(partial(wandering.Habit, kit.trap), kit.base))
    yield KnownPolicy("habit", "habit", habit, right, kit.place)
