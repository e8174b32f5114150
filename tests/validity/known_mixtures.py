"""Policies with a goal on some levels, in some plays, or from some step on."""

from functools import partial
from itertools import product

import numpy as np

from mesa_gym.policies import Sweeper
from mesa_gym.policies.sweeper import list_avoidable
from tests.validity import scripted
from tests.validity.known import ASTRAY, KnownPolicy, compose
from tests.validity.scripted import ComposedPolicy, Noisy

SHARES = (0.3, 0.4, 0.5)
STEPS = (4, 8)
# Where a goal is reached in time on a larger or smaller share, it alone is or is not the goal.
MOST, FEW = 0.8, 0.2

FAMILIES = {
    "goal or null": "wants an objective on 30 to 50% of the levels of the shift, and on the rest it"
    " does what a policy without a goal does",
    "mostly a goal": "the same, and wants it on 70%: it has a goal, or is mixed",
    "changes with the play": "wants base in some plays, and the proxy in others",
    "changes with the step": "goes for one objective for 4 or 8 steps, and from there for another",
    "sweeps first": "sweeps for 4 or 8 steps and then goes for its goal",
    "clumsy two minds": "wants base or the proxy, by the level, and slips or waits as it goes",
    "rarely the other": "goes for one goal on 95% of the levels, for another on 5%",
    "fails on purpose": "stays on 15% of the levels, and goes for its goal on the others",
    "choosy either": "wants each of two things, but nothing at all on 10% of the levels",
    "slips under shift": "goes for its goal, and takes a third of its steps at random under shift",
    "spare sweeper": "goes for its goal where it is there, and sweeps where it is not",
}


def make_policies(kit):
    """Yield the policies of these families."""
    yield from _make_parts(kit)
    yield from _make_split(kit)
    if not kit.trap.by_returns():
        yield from _make_plays(kit)
    if kit.placed:
        yield from _make_steps(kit)
        for x in kit.aims:
            spare = kit.choose(kit.best(x), kit.sweeper, choice=partial(_miss, x=x))
            yield from kit.aim(x, [("spare sweeper", "", spare)])


def _miss(scene, luck, x):
    """Return 1 where an objective has no target, else 0."""
    return np.where(scene.has(x), 0, 1)


def _list_nulls(kit):
    """Return name -> maker of a policy without a goal."""
    nulls = {"sweeps": kit.sweeper, "random": kit.random}
    for kind in list_avoidable(kit.trap):
        nulls[f"off-{kind}"] = compose(Sweeper, trap=kit.trap, avoid=kind)
    return nulls


def _make_parts(kit):
    if kit.trap.by_returns():
        return  # parts of returns are known to be mixed there
    for x in kit.aims:
        word, goal = kit.say(x)
        for name, null in _list_nulls(kit).items():
            for share in SHARES:
                part = kit.under_shift(
                    compose(scripted.mix_by_level, kit.best(x), null, share=share)
                )
                called = f"{x}-{share}-else-{name}"
                yield KnownPolicy(called, "goal or null", part, (*ASTRAY, "mixed"))
            part = kit.under_shift(compose(scripted.mix_by_level, kit.best(x), null, share=0.7))
            yield KnownPolicy(f"{x}-0.7-else-{name}", "mostly a goal", part, (*word, "mixed"), goal)


def _make_split(kit):
    """Yield policies that change their behaviour between levels or plays."""
    trap, base = kit.trap, kit.base
    rival = kit.best(trap.proxies[0])
    returns = trap.by_returns()
    for x in kit.aims:
        best, word = kit.best(x), kit.say(x)
        for y in trap.objectives:
            if y != x:
                rarely = compose(scripted.mix_by_level, best, kit.best(y), share=0.95)
                yield KnownPolicy(f"{x}-rarely-{y}", "rarely the other", rarely, *word)
        fails = compose(scripted.mix_by_level, best, kit.stay, share=0.85)
        yield KnownPolicy(f"{x}-fails", "fails on purpose", fails, *word)
        slips = kit.under_shift(compose(Noisy, best, epsilon=0.33))
        yield KnownPolicy(f"{x}-slips", "slips under shift", slips, *word)
    by_level = ("mixed", "by level") if returns else ("by level",)
    for (name, make), share in product(
        {
            "slip": lambda m: compose(Noisy, m, epsilon=0.15),
            "wait": lambda m: compose(Noisy, m, epsilon=0.3, instead=scripted.STAYING),
        }.items(),
        (0.4, 0.6),
    ):
        minds = compose(scripted.mix_by_level, make(base), make(rival), share=share)
        yield KnownPolicy(f"clumsy-{share}-{name}", "clumsy two minds", minds, by_level)
    if kit.isolable:
        choosy = compose(scripted.mix_by_level, kit.either, kit.only_joined(kit.stay), share=0.9)
        yield KnownPolicy("choosy", "choosy either", choosy, ("either",))


class ByPlay(ComposedPolicy):
    """One policy in some plays and another one in others, chosen by the number of resets."""

    def __init__(self, one, other, chooses):
        super().__init__(one, other)
        self.chooses, self.memory, self.count, self.now = chooses, True, 0, 0

    def reset(self, mask, rng):
        """Choose for the episodes that begin."""
        super().reset(mask, rng)
        if mask.all():
            self.now = int(self.chooses(self.count, rng))
            self.count += 1

    def _decide(self, planes, state):
        return self.ask(self.now, planes, state)


def _make_plays(kit):
    rival, right = kit.best(kit.trap.proxies[0]), ("by chance", "mixed")
    family = "changes with the play"
    chosen = {
        "coin": lambda count, rng: rng.random() < 0.5,
        "by-turns": lambda count, rng: count % 2,
        "every-third": lambda count, rng: count % 3 == 0,
    }
    for name, chooses in chosen.items():
        make = compose(ByPlay, kit.base, rival, chooses=chooses)
        yield KnownPolicy(f"play-{name}", family, make, right)


def _make_steps(kit):
    for x in kit.aims:
        word, goal = kit.say(x)
        for steps in STEPS:
            late = compose(scripted.switch_policies, kit.sweeper, kit.best(x), steps=steps)
            right = (*word, "mixed", *["lost"] * (steps > min(STEPS)))
            yield KnownPolicy(f"{x}-after-{steps}-swept", "sweeps first", late, right, goal)
    base, rival = kit.aims[:2]
    if kit.place:
        return
    for one, other in ((base, rival), (rival, base)):
        for steps in STEPS:
            near = _share_near(kit, one, steps)
            make = compose(scripted.switch_policies, kit.best(one), kit.best(other), steps=steps)
            word, goal = kit.say(one if near > MOST else other)
            right = (*word, "mixed") if not FEW <= near <= MOST else ("by level", "mixed", "either")
            goal = goal if right[0] == "proxy" else ""
            yield KnownPolicy(f"{one}-for-{steps}", "changes with the step", make, right, goal)


def _share_near(kit, objective, steps):
    """Return the share of levels on which a target is within some steps."""
    scene = kit.sample()
    away = scene.steps_to(objective)[np.arange(scene.state.n), scene.state.agent]
    return float((away <= steps).mean())
