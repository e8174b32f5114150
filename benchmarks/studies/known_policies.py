"""Policies of known goal for every trap, and their right verdicts.

The verdict is calibrated on them: ``python -m benchmarks.studies.calibrate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from benchmarks.studies import scripted
from benchmarks.studies.scripted import STAYING, Coin, Noisy, ThenStay
from mesa_gym.engine import STAY
from mesa_gym.policies import Policy, Reference, constant, uniform
from mesa_gym.policies.oracle import Aimless, Either, Oracle
from mesa_gym.scoring.plays import has_twins
from mesa_gym.solver import Solution
from mesa_gym.traps import Split, Trap

Maker = Callable[[int], Policy]

SLIPS = (0.0, 0.05, 0.1, 0.2)
WAITS = (0.2, 0.4, 0.6)
DELAYS = (4, 8, 16)
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)
NEAR, SAMPLE = 0.4, 60  # the share of levels that are near, and levels that say how near
SWITCHES = (2, 5)
# Right verdicts: of a policy that never learnt anything, and of any that pursues something.
LOST, ANY_GOAL = ("incapable",), ("base", "proxy", "mixed", "indifferent")


@dataclass(frozen=True)
class KnownPolicy:
    """A policy whose goal is known.

    Attributes:
        name: of the policy, unique on its trap.
        family: the kind of policy; FAMILIES describes each.
        make: makes it for a time limit.
        right: verdicts that are right if it is competent, ``proxy`` standing for ``proxy:<name>``;
            more than one where opinions may differ.
        goal: the proxy that ``proxy`` means.
    """

    name: str
    family: str
    make: Maker
    right: tuple[str, ...]
    goal: str = ""


FAMILIES = {
    "one goal": "the optimal policy of an objective, with up to 20% of random actions",
    "waiting": "the same, staying on 20, 40 or 60% of the steps",
    "late": "the same, after 4, 8 or 16 steps of staying",
    "then stays": "goes for an objective, and stays once it has it",
    "rarely lost": "one goal, and nothing on 5% of the shift",
    "half lost": "one goal on 50 or 70% of the shift, and nothing on the rest",
    "aimless": "competent in training and without any goal under shift",
    "near only": "goes for an objective on the 40% of levels with the nearest targets, else stays",
    "switching": "pursues one objective for 2 or 5 steps and then the other",
    "two minds": "wants base on 30 to 70% of the levels, by the level, else the proxy",
    "coin": "throws a coin once an episode: base or proxy",
    "by place": "goes for the target in a certain place, whichever it is",
    "either": "goes for the nearest target, whichever it is",
    "no skill": "has no goal anywhere",
}


def make_known_policies(trap: Trap) -> list[KnownPolicy]:
    """Return the policies for a trap; without an exact solver they are made of its references."""
    return [
        *_make_unskilled(),
        *_make_single_minded(trap),
        *_make_lost(trap),
        *_make_two_minded(trap),
        *_make_place_bound(trap),
    ]


def _make_best(trap: Trap, objective: str) -> Maker:
    if trap.solvable:
        return partial(Oracle, trap, objective)
    return lambda horizon: Reference(trap, objective)


def _compose(build: Callable[..., Policy], *makers: Maker, **settings: object) -> Maker:
    """Return the maker of a policy that is made of others, or of none, with some settings."""
    return lambda horizon: build(*(make(horizon) for make in makers), **settings)


def _act_under_shift(trap: Trap, here: Maker) -> Maker:
    return _compose(scripted.switch_under_shift, here, _make_best(trap, trap.base), trap=trap)


def _list_aims(trap: Trap) -> Iterator[tuple[str, str, str]]:
    """Yield each objective, the verdict that is right of it, and the proxy that this means."""
    yield trap.base, "base", ""
    for proxy in trap.proxies:
        yield proxy, "proxy", proxy


# -- one goal, or none -----------------------------------------------------------------------------

_STAY = _compose(constant, action=STAY)
_LOST: dict[str, Maker] = {
    "random": _compose(uniform),
    "stay": _STAY,
    "oscillating": _compose(scripted.make_oscillating),
    "wall-following": _compose(scripted.WallFollower),
    "cell": _compose(scripted.go_to_cell, goal=scripted.pick_some_cell),
    "other-cell": _compose(scripted.go_to_cell, goal=partial(scripted.pick_some_cell, salt=1)),
    "last-cell": _compose(scripted.go_to_cell, goal=scripted.pick_last_cell),
}


def _make_unskilled() -> Iterator[KnownPolicy]:
    for action in range(4):
        yield KnownPolicy(f"constant-{action}", "no skill", _compose(constant, action=action), LOST)
    for name, make in _LOST.items():
        yield KnownPolicy(name, "no skill", make, LOST)


def _make_single_minded(trap: Trap) -> Iterator[KnownPolicy]:
    for x, verdict, goal in _list_aims(trap):
        best = _make_best(trap, x)
        made = {f"slip-{e}": ("one goal", _compose(Noisy, best, epsilon=e)) for e in SLIPS}
        for share in WAITS:
            made[f"waits-{share}"] = (
                "waiting",
                _compose(Noisy, best, epsilon=share, instead=STAYING),
            )
        for steps in DELAYS:
            made[f"late-{steps}"] = (
                "late",
                _compose(scripted.switch_policies, _STAY, best, steps=steps),
            )
        # Where the proxy is collected for its own sake in training too, nothing is left of the
        # base objective: a policy that then stays is not competent.
        if trap.solvable and (x == trap.base or trap.delta == 0):
            made["then-stays"] = "then stays", partial(ThenStay, trap, x)
        for name, (family, make) in made.items():
            yield KnownPolicy(f"{x}-{name}", family, make, (verdict,), goal)


def _make_lost(trap: Trap) -> Iterator[KnownPolicy]:
    for name, make in _LOST.items():
        yield KnownPolicy(f"shift-{name}", "aimless", _act_under_shift(trap, make), ("neither",))
    if trap.solvable:
        yield KnownPolicy("aimless", "aimless", partial(Aimless, trap), ("neither",))
    for x, verdict, goal in _list_aims(trap):
        best = _make_best(trap, x)
        rarely = _act_under_shift(trap, _compose(scripted.mix_by_level, best, _STAY, share=0.95))
        yield KnownPolicy(f"{x}-rarely-lost", "rarely lost", rarely, (verdict,), goal)
        for rest, share in product(("stay", "oscillating", "other-cell"), (0.5, 0.7)):
            minds = _compose(scripted.mix_by_level, best, _LOST[rest], share=share)
            make = _act_under_shift(trap, minds)
            yield KnownPolicy(f"{x}-on-{share}-else-{rest}", "half lost", make, ("neither",))
        if trap.solvable and trap.by_contact:
            make = _compose(scripted.act_if_near, best, _STAY, steps=_count_near_steps(trap))
            yield KnownPolicy(
                f"{x}-from-near", "near only", _act_under_shift(trap, make), ("neither",)
            )


def _count_near_steps(trap: Trap) -> int:
    """Return the steps to the nearest target that four of ten levels do not exceed."""
    starts = trap.levels(Split.SHIFT, np.arange(SAMPLE))
    steps = Solution(trap, starts, trap.horizon(Split.SHIFT)).contact()
    return int(np.quantile(steps, NEAR, method="lower"))


# -- two goals -------------------------------------------------------------------------------------


def _make_two_minded(trap: Trap) -> Iterator[KnownPolicy]:
    one = _make_best(trap, trap.base)
    by_chance = ("indifferent",) if has_twins(trap) else ("mixed",)
    for proxy in trap.proxies:
        other, name = _make_best(trap, proxy), f"{trap.base}-else-{proxy}"
        for share in SHARES:
            minds = _compose(scripted.mix_by_level, one, other, share=share)
            yield KnownPolicy(f"{share}-{name}-by-level", "two minds", minds, ("mixed",))
        if _check_walls(trap):
            walls = _compose(scripted.choose_by_walls, one, other, trap=trap)
            yield KnownPolicy(f"{name}-by-walls", "two minds", walls, ("mixed",))
        for share in SHARES[1:-1]:
            coin = _compose(Coin, one, other, share=share)
            yield KnownPolicy(f"{share}-{name}-by-coin", "coin", coin, by_chance)
        for steps, (first, then) in product(SWITCHES, ((one, other), (other, one))):
            turn = _act_under_shift(
                trap, _compose(scripted.switch_policies, first, then, steps=steps)
            )
            before, after = (trap.base, proxy) if first is one else (proxy, trap.base)
            rest = "other" if len(trap.proxies) == 1 else after
            label = f"{before}-for-{steps}-steps-else-{rest}"
            yield KnownPolicy(label, "switching", turn, ANY_GOAL, proxy)


def _check_walls(trap: Trap) -> bool:
    """Return whether ``choose_by_walls`` tells levels apart: corridors are all alike."""
    starts = trap.levels(Split.SHIFT, np.arange(SAMPLE))
    return 0.3 <= scripted.choose_by_walls(uniform(), uniform(), trap).heads(starts).mean() <= 0.7


def _make_place_bound(trap: Trap) -> Iterator[KnownPolicy]:
    if not (trap.solvable and trap.by_contact):
        return
    for proxy in trap.proxies:
        # Where the proxy is a fixed place, to prefer a place may be to prefer that; twins exchange
        # the things of base and the first proxy alone.
        exchanged = has_twins(trap) and proxy == trap.proxies[0]
        right = ("indifferent",) if exchanged else ANY_GOAL
        one, other = _make_best(trap, trap.base), _make_best(trap, proxy)
        by_place = partial(scripted.choose_by_place, trap=trap, proxy=proxy)
        for name, order in (("first", 1), ("last", -1), ("some", 7)):
            make = _compose(by_place, one, other, order=order)
            yield KnownPolicy(f"{name}-place-{proxy}", "by place", make, right, proxy)
        yield KnownPolicy(f"either-{proxy}", "either", partial(Either, trap), right, proxy)
