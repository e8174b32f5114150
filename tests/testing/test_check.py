"""The battery as a whole: healthy traps pass, a trap has many names, and failures say where."""

import importlib
import inspect

import numpy as np
import pytest
from broken_traps import TESTED
from small_traps import Healthy, Monster, Twins

import mesa_gym
from mesa_gym import testing
from mesa_gym.engine import LevelBuilder
from mesa_gym.testing import (
    CERTIFICATES,
    MECHANICS,
    ConformanceError,
    check_name,
    check_start,
    check_trap,
)
from mesa_gym.traps import Split, Trap


class StartsOnTarget(Healthy):
    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        if split.shifted:
            at = level.at["cheese"]
            at[0] = np.where(level.number > 0, level.start, at[0])


@pytest.mark.thorough
@pytest.mark.parametrize("trap", [Twins, pytest.param(Monster, marks=pytest.mark.slow)])
def test_a_healthy_trap_passes(trap: type[Trap]) -> None:
    check_trap(trap, 8, skip=() if trap is Twins else ("directions",))


def test_every_check_is_public_and_has_something_to_catch() -> None:
    for name in ("steps", "levels", "shift", "solved", "environments"):
        importlib.import_module(f"tests.testing.test_{name}")
    checks = (*MECHANICS, *CERTIFICATES)
    assert {check_name(check) for check in checks} == TESTED
    assert all(getattr(testing, check.__name__) is check for check in checks)
    assert {check.__name__ for check in checks} <= set(testing.__all__)
    assert inspect.getdoc(check_start).endswith(
        "\n\nFix: draw the agent last, on a free cell (`level.agent()`)."
    )


def test_skipping_checks() -> None:
    with pytest.raises(ConformanceError, match="check 'directions': Healthy-v0"):
        check_trap(Healthy, 4, skip=("environment", "vector", "moves"))
    with pytest.raises(ValueError, match="Did you mean 'directions'"):
        check_trap(Healthy, 4, skip=("direction",))


@pytest.mark.usefixtures("registry")
def test_a_trap_by_its_name_an_id_its_class_or_made() -> None:
    mesa_gym.register_trap(StartsOnTarget)
    names = "StartsOnTarget", "MesaGym/StartsOnTarget-Test-v0", StartsOnTarget, StartsOnTarget()
    for trap in names:
        with pytest.raises(ConformanceError, match="StartsOnTarget") as caught:
            check_start(trap)
        assert (caught.value.split, caught.value.level) == (Split.SHIFT, 1)
    for name in ("RedBlueDoors", "RedBlueDoors-v0", "MesaGym/RedBlueDoors-Shift-v0"):
        check_start(name)
    with pytest.raises(ValueError, match="Did you mean 'RedBlueDoors'"):
        check_start("RedBlueDoor")
