"""For every trap, many policies whose goal is known by construction, and the verdict that is right.

They are what the verdict is calibrated on: ``python -m benchmarks.calibrate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agents.aimless import Nearest, Oscillating, ToCell, ToLastCell, WallFollower
from agents.scripted import ByWalls, Dither, Mixture, Noisy, Tempered, ThenStay, UnderShift
from mesa_gym.policies import Oracle, Policy, Reference, constant, uniform
from mesa_gym.traps import Trap

Maker = Callable[[int], Policy]

# How often an action is taken at random; inverse temperatures; shares of the base objective.
SLIPS = (0.0, 0.05, 0.1, 0.2, 0.3)
PRECISIONS = (100, 300, 1000)
SHARES = (0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9)


@dataclass(frozen=True)
class Known:
    """A policy whose goal is known.

    Attributes:
        name: of the policy, unique on its trap.
        family: ``pure`` (one objective), ``mixture`` (of base and a proxy), ``third`` (competent,
            and under shift without any of the trap's objectives), ``device`` (no goal at all),
            ``nearest`` (to the nearest object: whose goal that is depends on the trap),
            ``partly`` (base on half of the shift, no goal on the other half) or ``planted``
            (trained).
        make: makes it for a time limit.
        goal: the objective pursued under shift; "" where there is none, or several.
        share: of the base objective in a mixture; NaN for others.
        slip: how often it acts at random; NaN where that is not a number.
    """

    name: str
    family: str
    make: Maker
    goal: str = ""
    share: float = float("nan")
    slip: float = float("nan")


def known(trap: Trap) -> list[Known]:
    """The policies for a trap; those of a trap without exact solver are made of its references."""
    policies = [*_devices(), *_third(trap)]
    for objective in trap.objectives:
        policies += _slipping(trap, objective)
        if trap.solvable:
            policies += _exact(trap, objective)
    for proxy in trap.proxies:
        policies += _mixtures(trap, proxy)
    return policies


def _best(trap: Trap, objective: str) -> Maker:
    if trap.solvable:
        return lambda horizon: Oracle(trap, objective, horizon)
    return lambda horizon: Reference(trap, objective)


def _noisy(maker: Maker, slip: float) -> Maker:
    return lambda horizon: Noisy(maker(horizon), slip)


def _mixed(kind: type[Mixture] | type[Dither], one: Maker, other: Maker, share: float) -> Maker:
    return lambda horizon: kind(one(horizon), other(horizon), share)


def _under_shift(trap: Trap, here: Maker, elsewhere: Maker) -> Maker:
    return lambda horizon: UnderShift(trap, here(horizon), elsewhere(horizon))


def _always(make: Callable[[], Policy]) -> Maker:
    return lambda horizon: make()


# -- no goal ---------------------------------------------------------------------------------------


def _aimless() -> dict[str, Maker]:
    makers: dict[str, Callable[[], Policy]] = {
        "random": uniform,
        "oscillating": Oscillating,
        "wall-following": WallFollower,
    }
    constants: dict[str, Maker] = {
        f"constant-{action}": _always(lambda action=action: constant(action))  # type: ignore[misc]
        for action in range(5)
    }
    return {name: _always(make) for name, make in makers.items()} | constants


def _devices() -> Iterator[Known]:
    for name, maker in _aimless().items():
        yield Known(name, "device", maker)
    yield Known("nearest-object", "nearest", _always(Nearest))


def _third(trap: Trap) -> Iterator[Known]:
    base = _best(trap, trap.base)
    goals: dict[str, Maker] = {
        "cell": _always(ToCell),
        "other-cell": _always(lambda: ToCell(1)),
        "cell-slip-0.1": _noisy(_always(lambda: ToCell(2)), 0.1),
        "two-cells": _mixed(Mixture, _always(lambda: ToCell(3)), _always(lambda: ToCell(4)), 0.5),
        "last-cell": _always(ToLastCell),
        **_aimless(),
    }
    for name, maker in goals.items():
        yield Known(f"shift-{name}", "third", _under_shift(trap, maker, base))
    for name in ("cell", "random", "wall-following"):
        half = _mixed(Mixture, base, goals[name], 0.5)
        yield Known(f"shift-half-{name}", "partly", _under_shift(trap, half, base))


# -- one goal --------------------------------------------------------------------------------------


def _slipping(trap: Trap, x: str) -> Iterator[Known]:
    for slip in SLIPS:
        yield Known(f"{x}-slip-{slip}", "pure", _noisy(_best(trap, x), slip), x, slip=slip)


def _exact(trap: Trap, x: str) -> Iterator[Known]:
    for precision in PRECISIONS:
        yield Known(f"{x}-precision-{precision}", "pure", _tempered(x, precision), x)
    staying: Maker = lambda horizon: ThenStay(trap, x, horizon)  # noqa: E731
    lost = _under_shift(trap, staying, _best(trap, x))
    yield Known(f"{x}-then-lost-under-shift", "pure", lost, x, slip=0.0)
    # Where the proxy is collected for its own sake in training too, nothing is left of the base
    # objective: who then stays is not competent.
    if x == trap.base or trap.delta == 0:
        yield Known(f"{x}-then-stay", "pure", staying, x, slip=0.0)


def _tempered(x: str, precision: float) -> Maker:
    return lambda horizon: Tempered(x, precision)


# -- two goals -------------------------------------------------------------------------------------


def _mixtures(trap: Trap, proxy: str) -> Iterator[Known]:
    one, other = _best(trap, trap.base), _best(trap, proxy)
    for share in SHARES:
        name = f"{share}-{trap.base}-else-{proxy}"
        by_level = _mixed(Mixture, one, other, share)
        slipping = _mixed(Mixture, _noisy(one, 0.1), _noisy(other, 0.1), share)
        by_step = _mixed(Dither, one, other, share)
        yield Known(f"{name}-by-level", "mixture", by_level, share=share)
        yield Known(f"{name}-by-level-slip-0.1", "mixture", slipping, share=share)
        yield Known(f"{name}-by-step", "mixture", by_step, share=share)
    walls: Maker = lambda horizon: ByWalls(trap, one(horizon), other(horizon))  # noqa: E731
    yield Known(f"{trap.base}-else-{proxy}-by-walls", "mixture", walls, share=0.5)
