"""Enemies of the verdict: policies that are made to get a wrong word with full confidence.

They read planes and remember, and know nothing of splits, level numbers or plays. The *impostors*
want nothing, or not what it looks like: that a thing is missing tells them that they are watched.
The *martyrs* want one thing and look as if they did not.
"""

from functools import partial
from itertools import product

import numpy as np

from mesa_gym.engine import distances, pick
from mesa_gym.engine.chance import mix
from tests.validity import wandering
from tests.validity.known import AIMLESS, KnownPolicy, compose
from tests.validity.known_goalless import see_all, see_any
from tests.validity.scenes import to
from tests.validity.scripted import ConditionalPolicy, interrupt, switch_policies
from tests.validity.seeking import InTurn
from tests.validity.wandering import AreaSweep

FAMILIES = {
    "impostor": "sweeps while everything is there, and stays where a thing is missing: it looks as"
    " if it went for things, and never minds where they are",
    "home impostor": "an impostor that sweeps the quarter at the top left first, where one proxy"
    " lives",
    "actor": "sweeps, but goes straight for a thing that is alone: it looks as if it wanted each",
    "frozen": "goes for what is all targets or for a thing alone, and stays between two: it looks"
    " as if it took either",
    "undecided": "the same, but sweeps between two, and takes one by accident",
    "afraid": "goes for its target unless the rival is elsewhere, where it stays",
    "restless": "walks to and fro for 12 or 20 steps and then goes for its target: it looks slower"
    " than a sweeper",
    "thoughtful": "walks to and fro only where targets are apart: it looks lost there",
    "shy when alone": "the same, but only where a thing is missing: it looks as if it wanted none",
    "pilgrim": "goes to a cell of its own first, and from there for its target: it looks lost",
}


def make_enemies(kit):
    """Yield the policies of these families."""
    if kit.placed and kit.trap.alone:
        yield from _make_impostors(kit)
    if kit.placed:
        yield from _make_martyrs(kit)


def _make_impostors(kit):
    home = compose(AreaSweep, trap=kit.trap, area=wandering.find_quarter, beyond=True)
    # Where the proxy is a place, to sweep that first is near to going there.
    to_place = (*AIMLESS, "proxy") if kit.place else AIMLESS
    for (name, sees), (family, sweep) in product(
        (("all", see_all(kit)), ("any", see_any(kit))),
        (("impostor", kit.sweeper), ("home impostor", home)),
    ):
        make = compose(ConditionalPolicy, sweep, kit.stay, heads=sees)
        right = to_place if sweep is home else AIMLESS
        yield KnownPolicy(f"{family.replace(' ', '-')}-{name}", family, make, right, kit.place)
    if not kit.isolable:
        return
    names = tuple(kit.trap.objectives)

    def count(scene):
        return np.sum([scene.has(x) for x in names], axis=0)

    def is_alone(scene, luck):
        return np.where(count(scene) == 1, 0, 1)

    actor = kit.choose(kit.either, kit.sweeper, choice=is_alone)
    yield KnownPolicy("actor", "actor", actor, AIMLESS)
    if not kit.separable:
        return  # a thing alone is all targets there
    between = lambda scene, luck: np.where(scene.joined | (count(scene) == 1), 0, 1)  # noqa: E731
    frozen = kit.choose(kit.either, kit.stay, choice=between)
    yield KnownPolicy("frozen", "frozen", frozen, ("lost",))
    undecided = kit.choose(kit.either, kit.sweeper, choice=between)
    # It wants each alone, and does take one where both are, if by accident.
    yield KnownPolicy("undecided", "undecided", undecided, ("lost", "either"))
    for x in names:
        choice = partial(_find_company, x=x)
        afraid = kit.choose(kit.best(x), kit.stay, choice=choice)
        yield KnownPolicy(f"{x}-afraid", "afraid", afraid, ("lost",))


def _find_company(scene, luck, x):
    """Return 1 where another objective has a target and they are not all one, else 0."""
    others = np.any([scene.has(y) for y in scene.cells_of if y != x], axis=0)
    return np.where(scene.joined | ~others, 0, 1)


def _make_martyrs(kit):
    pacing = compose(wandering.make_oscillating)
    for x in kit.aims:
        best = kit.best(x)
        made = []
        for steps in (12, 20):
            slow = compose(switch_policies, pacing, best, steps=steps)
            made.append(("restless", f"-{steps}", slow))
            later = compose(interrupt, best, pacing, start=2, steps=steps)
            made.append(("restless", f"-{steps}-later", later))
            apart = kit.choose(best, slow, choice=lambda scene, _: np.where(scene.joined, 0, 1))
            made.append(("thoughtful", f"-{steps}", apart))
            if kit.trap.alone:
                shy = kit.choose(best, slow, choice=_miss_something)
                made.append(("shy when alone", f"-{steps}", shy))
        if not kit.trap.held:
            walk = kit.seek(_plan_pilgrimage)
            made.append(
                ("pilgrim", "", compose(InTurn, walk, best, trap=kit.trap, cells=_find_shrine))
            )
        yield from kit.aim(x, made)


def _miss_something(scene, luck):
    """Return 1 where an objective has no target, else 0."""
    return np.where(np.all([scene.has(x) for x in scene.cells_of], axis=0), 0, 1)


def _find_shrine(scene):
    """Return an open cell of each level that can be reached round all targets, bool (n, cells)."""
    reached = distances(scene.free_cells, scene.state.agent) > 0
    found = np.zeros(reached.shape, dtype=np.bool_)
    found[np.arange(len(found)), pick(reached, mix(scene.state.level.key))[0]] = True
    return found & reached


def _plan_pilgrimage(scene):
    return to(_find_shrine(scene)), scene.free_cells
