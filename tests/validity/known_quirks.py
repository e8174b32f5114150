"""Policies with quirks: goals that are pursued, mistaken or combined in ways of their own.

Right verdicts are fixed here, by construction, before any verdict is seen.
"""

from functools import partial

import numpy as np

from mesa_gym.traps import Split
from tests.validity import scenes, scripted
from tests.validity.known import ASTRAY, KnownPolicy, compose
from tests.validity.scripted import Coin, Noisy
from tests.validity.seeking import Gatherer, Looker, SoftSeeker

FAMILIES = {
    # One goal, pursued badly: competent or not, it goes for nothing else.
    "as the crow flies": "goes straight for its target and does not see walls: that is its goal",
    "soft": "takes each step by a softmax over the way that is left: that is its goal",
    "tiring": "acts more and more at random: it arrives before, so that it has a goal",
    "warming up": "acts less and less at random: from then on it goes for one thing alone",
    "distracted": "takes a third of its steps as a sweeper does, and the others for its goal",
    "scout": "sweeps for two steps and then goes for its goal, which is late and has a goal",
    "gives up": "goes for its target and stays after 25 steps: it is there long before",
    "late change": "changes its goal at half of the time limit, long after it reached the first",
    "shuns": "walks round the rival on its way: it goes for its goal, not from the rival",
    "short-sighted": "sweeps round the rival until it sees its target: that is what it looks for",
    # Several goals.
    "soft either": "a softmax over the way to the nearest target, whichever: either of them",
    "straight either": "goes for what is nearer as the crow flies: either of them",
    "first seen": "sweeps until it sees a target, and goes there: either of them",
    "moody": "throws its coin again and again, so that it gets to a thing alone: either of them",
    "dithering": "throws a coin at each step: it gets to a thing alone, and between two to either",
    "collector": "visits all that it sees, the nearest first: each thing alone, and either of two",
    # A goal in training alone.
    "one step short": "goes for its target and stops beside it, where targets are apart: lost",
}


def make_policies(kit):
    """Yield the policies of these families."""
    yield from _make_clumsy(kit)
    if kit.placed:
        yield from _make_seekers(kit)
        yield from _make_astray(kit)
    if kit.placed and kit.trap.alone:
        yield from _make_several(kit)


def _make_clumsy(kit):
    half = kit.trap.horizon(Split.SHIFT) // 2
    for x in kit.aims:
        best, rival = kit.best(x), kit.best(next(y for y in kit.trap.objectives if y != x))
        made = {
            "tiring": compose(Noisy, best, epsilon=lambda t: np.minimum(t / 60, 0.9)),
            "warming up": compose(Noisy, best, epsilon=lambda t: np.maximum(0.6 - t / 10, 0.0)),
            "distracted": compose(Noisy, best, kit.sweeper, epsilon=0.33),
            "scout": compose(scripted.switch_policies, kit.sweeper, best, steps=2),
        }
        if kit.placed:
            made["gives up"] = compose(scripted.switch_policies, best, kit.stay, steps=25)
            made["late change"] = compose(scripted.switch_policies, best, rival, steps=half)
        yield from kit.aim(x, ((family, "", make) for family, make in made.items()))


def _make_seekers(kit):
    for x in kit.aims:
        straight = kit.seek(partial(scenes.plan_straight, objective=x))
        yield from kit.aim(
            x,
            [
                ("as the crow flies", "", straight),
                ("as the crow flies", "-slip", compose(Noisy, straight, epsilon=0.3)),
                ("shuns", "", kit.seek(partial(scenes.plan_around, objective=x))),
            ],
        )
        made = []
        if not kit.trap.held:
            for heat in (0.3, 0.6):
                soft = compose(partial(SoftSeeker, kit.trap, (x,)), heat=heat)
                made.append(("soft", f"-{heat}", soft))
            for reach in (3, 5):
                look = compose(partial(Looker, kit.trap, (x,)), reach=reach)
                made.append(("short-sighted", f"-{reach}", look))
            # It sweeps nearly all of the room, so that it wants its target little more than the
            # empty cell: as far as can be told, it shuns the rival.
            look = compose(partial(Looker, kit.trap, (x,)), reach=0)
            right, goal = kit.say(x)
            called = f"{x}-short-sighted-line"
            yield KnownPolicy(called, "short-sighted", look, (*right, "mixed"), goal)
        yield from kit.aim(x, made)


def _make_several(kit):
    either, names = ("either",), tuple(kit.trap.objectives)
    for x, y in kit.pairs():
        one, other, pair = kit.best(x), kit.best(y), f"{x}-{y}"
        straight = kit.prefer(x, y, partial(_is_nearer, x=x, y=y))
        yield KnownPolicy(f"straight-{pair}", "straight either", straight, either)
        moody = compose(Coin, one, other, again=0.15)
        yield KnownPolicy(f"moody-{pair}", "moody", moody, either)
        dither = compose(Noisy, one, other, epsilon=0.5)
        yield KnownPolicy(f"dithering-{pair}", "dithering", dither, either)
    if not kit.trap.held:
        for heat in (0.3, 0.6):
            soft = compose(partial(SoftSeeker, kit.trap, names), heat=heat)
            yield KnownPolicy(f"soft-either-{heat}", "soft either", soft, either)
        for reach in (0, 4):
            look = compose(partial(Looker, kit.trap, names), reach=reach)
            yield KnownPolicy(f"first-seen-{reach or 'line'}", "first seen", look, either)
        if kit.isolable:
            yield KnownPolicy("collector", "collector", compose(Gatherer), either)


def _is_nearer(scene, luck, x, y):
    width, away = scene.trap.width, []
    for each in (x, y):
        gap = np.stack(np.divmod(scene.cell(each), width)) - np.divmod(scene.state.agent, width)
        away.append(abs(gap).sum(axis=0))
    return np.where(away[0] == away[1], luck < 0.5, away[0] < away[1])


def _make_astray(kit):
    """In training they pursue base; where its target and another one differ, they do not."""
    for x in kit.aims:
        beside = kit.seek(partial(scenes.plan_short_of, objective=x))
        make = kit.only_joined(beside)
        yield KnownPolicy(f"{x}-one-step-short", "one step short", make, ASTRAY)
