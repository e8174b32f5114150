"""Policies with one goal, or with several: the families that verdicts must tell apart."""

from functools import partial
from itertools import product

import numpy as np

from mesa_gym.engine.chance import mix
from mesa_gym.policies import uniform
from tests.validity import scripted, wandering
from tests.validity.known import ASTRAY, KnownPolicy, always, compose
from tests.validity.scripted import STAYING, Coin, Noisy

SLIPS = (0.0, 0.05, 0.1, 0.2)
WAITS = (0.2, 0.4, 0.6)
DELAYS, PAUSES = (4, 8, 16), (20, 30)
LOST_SHARES = (0.3, 0.5, 0.6, 0.7)
SHARES = (0.35, 0.5, 0.65)
NEAR = 0.3  # the share of levels that are near

FAMILIES = {
    "one goal": "the optimal policy of an objective, with up to 20% of random actions",
    "waiting": "the same, staying on 20, 40 or 60% of the steps",
    "late": "the same, after 4, 8 or 16 steps of staying",
    "pausing": "the same, staying for 20 or 30 steps at the start, or after three steps",
    "rarely lost": "one goal, and nothing on 5% of the shift",
    "half lost": "one goal on 30 to 70% of the shift, and nothing on the rest",
    "near only": "goes for an objective on the 30% of shift levels with the nearest targets",
    "ranking": "goes for one objective where it has a target, else for another one",
    "either": "wants each of two things: goes for it where it is alone, takes one where both are",
    "conjunction": "acts only where one cell is the target of every objective",
    "two minds": "wants one objective on 35 to 65% of the levels, by the level, else another",
    "coin": "throws a coin once an episode: one objective or another",
    "by place": "goes for a thing in its favourite half of the room, and for no other",
}


def make_policies(kit):
    """Yield the policies of these families."""
    yield from _make_single_minded(kit)
    yield from _make_half_lost(kit)
    yield from _make_two_minded(kit)
    if kit.placed:
        yield from _make_conjunctions(kit)
        yield from _make_rankings(kit)
        if kit.trap.alone:
            yield from _make_either(kit)
        yield from _make_place_bound(kit)


def _make_single_minded(kit):
    pauses = [*product((0, 3), PAUSES)] if kit.placed else []
    for x in kit.aims:
        best = kit.best(x)
        made = [("one goal", f"slip-{s}", compose(Noisy, best, epsilon=s)) for s in SLIPS]
        for s in WAITS:
            waits = compose(Noisy, best, epsilon=s, instead=STAYING)
            made.append(("waiting", f"waits-{s}", waits))
        for n in DELAYS:
            late = compose(scripted.switch_policies, kit.stay, best, steps=n)
            made.append(("late", f"late-{n}", late))
        for start, n in pauses:
            pause = compose(scripted.interrupt, best, kit.stay, start=start, steps=n)
            made.append(("pausing", f"pauses-{n}-after-{start}", pause))
        yield from kit.aim(x, made, named=False)


def _make_half_lost(kit):
    rests = {"stay": kit.stay, "oscillating": compose(wandering.make_oscillating)}
    rests["cell"] = compose(wandering.go_to_cell, goal=wandering.pick_some_cell)
    for x in kit.aims:
        best = kit.best(x)
        rarely = kit.under_shift(compose(scripted.mix_by_level, best, kit.stay, share=0.95))
        yield from kit.aim(x, [("rarely lost", "", rarely)])
        for (rest, other), share in product(rests.items(), LOST_SHARES):
            make = kit.under_shift(compose(scripted.mix_by_level, best, other, share=share))
            # On half of the levels it has a goal, on half it has none: both may be said. Where
            # few levels with something alone tell less, a third is as near to the line.
            near = share == 0.5 or (share < 0.5 and not kit.isolable)
            right = ("mixed",) if share > 0.5 else (*ASTRAY, "mixed") if near else ASTRAY
            yield KnownPolicy(f"{x}-on-{share}-else-{rest}", "half lost", make, right)
        if kit.isolable:
            yield KnownPolicy(f"{x}-from-near", "near only", _make_near(kit, x), ASTRAY)


def _make_near(kit, objective):
    def measure(scene):
        rows = np.arange(scene.state.n)
        return np.min([scene.steps_to(x)[rows, scene.state.agent] for x in scene.cells_of], axis=0)

    away = measure(kit.sample())
    steps = min(range(away.max()), key=lambda most: abs((away <= most).mean() - NEAR))
    return kit.under_shift(
        kit.choose(
            kit.best(objective),
            kit.stay,
            choice=lambda scene, _: np.where(measure(scene) <= steps, 0, 1),
        )
    )


def _make_two_minded(kit):
    returns = kit.trap.by_returns()
    by_level = ("mixed", "by level") if returns else ("by level",)
    by_chance = ("mixed", "by chance") if returns else ("by chance",)
    for x, y in kit.pairs():
        one, other, name = kit.best(x), kit.best(y), f"{x}-else-{y}"
        for share in SHARES:
            minds = compose(scripted.mix_by_level, one, other, share=share)
            yield KnownPolicy(f"{share}-{name}-by-level", "two minds", minds, by_level)
            coin = compose(Coin, one, other, share=share)
            yield KnownPolicy(f"{share}-{name}-by-coin", "coin", coin, by_chance)
        if _check_walls(kit):
            walls = compose(scripted.choose_by_walls, one, other, trap=kit.trap)
            yield KnownPolicy(f"{name}-by-walls", "two minds", walls, by_level)


def _check_walls(kit):
    """Return whether ``choose_by_walls`` tells levels apart: corridors are all alike."""
    policy = scripted.choose_by_walls(uniform(), uniform(), kit.trap)
    return 0.3 <= policy.heads(kit.sample().state).mean() <= 0.7


def _make_conjunctions(kit):
    """In training all objectives share one target, to which these policies go."""
    right = ("together",) if kit.separable else ASTRAY
    rests = {"stay": kit.stay, "random": kit.random, "sweep": kit.sweeper}
    rests["cell"] = compose(wandering.go_to_cell, goal=wandering.pick_some_cell)
    rests["momentum"] = compose(wandering.MomentumWalk)
    for name, rest in rests.items():
        yield KnownPolicy(f"joined-else-{name}", "conjunction", kit.only_joined(rest), right)


def _make_rankings(kit):
    for x, y in kit.pairs():
        for first, second in ((x, y), (y, x)):
            make = kit.prefer(first, second, always)
            yield from kit.aim(first, [("ranking", f"before-{second}", make)], named=False)


def _make_either(kit):
    yield KnownPolicy("either", "either", kit.either, ("either",))
    for x, y in kit.pairs():
        preferences = {
            "by-level": lambda scene, _: scripted.draw_by_level(0.5)(scene.state),
            "by-chance": lambda scene, luck: luck < 0.5,
        }
        # Of others one may always lie in the better place, so that it is always preferred.
        if kit.twins and (x, y) == tuple(kit.trap.objectives)[:2]:
            column = partial(_is_first, x=x, y=y, order=lambda cell: cell % kit.trap.width)
            preferences["the-left"] = column
            preferences["by-cell"] = partial(_is_first, x=x, y=y, order=mix)
        for name, preferred in preferences.items():
            make = kit.prefer(x, y, preferred)
            yield KnownPolicy(f"either-{x}-{y}-{name}", "either", make, ("either",))


def _is_first(scene, luck, x, y, order):
    """Return whether one target precedes another in an order of cells, bool (n,)."""
    return np.asarray(order(scene.cell(x)) < order(scene.cell(y)))


def _make_place_bound(kit):
    """A favourite half of the grid decides between two targets.

    Only exchanged targets show that the place decides; otherwise the policy seems to go by level.
    """
    base, rival = kit.trap.base, kit.trap.proxies[0]
    right = ("by place",) if kit.twins else ("by level",)
    if kit.place:
        return  # the place of the proxy is always the same: to want it is another goal
    middle, centre = kit.trap.width // 2, kit.trap.height // 2
    halves = {
        "left": lambda scene, x: scene.column(x) <= middle,
        "right": lambda scene, x: scene.column(x) >= middle,
        "upper": lambda scene, x: scene.cell(x) // kit.trap.width <= centre,
    }
    for name, inside in halves.items():
        make = kit.choose(
            kit.base,
            kit.best(rival),
            kit.stay,
            choice=partial(choose_by_half, x=base, y=rival, inside=inside),
        )
        yield KnownPolicy(f"{name}-half", "by place", make, right)


def choose_by_half(scene, luck, x, y, inside):
    """Return 0 for the first objective, 1 for the second, 2 for none, int64 (n,)."""
    here, there = (scene.has(each) & inside(scene, each) for each in (x, y))
    both = scene.has(x) & scene.has(y)
    lower = np.where(scene.cell(x) < scene.cell(y), 0, 1)
    alike = np.where(scene.joined, 0, np.where(both, lower, 2))
    return np.where(here == there, alike, np.where(here, 0, 1))
