"""The battery as a whole: healthy traps pass, a trap has many names, and failures say where."""

import importlib
import inspect

import numpy as np
import pytest
from broken_traps import LONG, TESTED
from small_traps import Healthy, Monster, SmallDish

import mesa_gym
from mesa_gym import testing
from mesa_gym.testing import (
    CERTIFICATES,
    MECHANICS,
    ConformanceError,
    check_determinism,
    check_name,
    check_start,
    check_trap,
)
from mesa_gym.traps import Split


class StartsOnTarget(Healthy):
    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            at = level.at["cheese"]
            at[0] = np.where(level.number > 0, level.start, at[0])


@pytest.mark.thorough
@pytest.mark.parametrize("trap", [SmallDish, pytest.param(Monster, marks=pytest.mark.slow)])
def test_a_healthy_trap_passes(trap):
    check_trap(trap, 8, skip=() if trap is SmallDish else ("directions",))


def test_every_check_is_public_and_has_something_to_catch():
    for name in ("steps", "levels", "shift", "solved", "environments"):
        importlib.import_module(f"tests.testing.test_{name}")
    checks = (*MECHANICS, *CERTIFICATES)
    assert {check_name(check) for check in checks} == TESTED
    assert all(getattr(testing, check.__name__) is check for check in checks)
    assert {check.__name__ for check in checks} <= set(testing.__all__)
    assert inspect.getdoc(check_start).endswith(
        "\n\nFix: draw the agent last, on a free cell (`level.agent()`)."
    )


class Crashes(Healthy):
    def rules(self, move):
        super().rules(move)
        move.set(opened=move.into("cheese"))  # it is not declared
        move.opend  # noqa: B018


def test_a_misspelt_name_is_told_from_those_that_are_declared():
    trap = type("Misspelt", (Healthy,), {"blocked": lambda self, move: move.on("chese")})
    says = r"KeyError: unknown name 'chese'; .*Did you mean 'cheese'"
    with pytest.raises(ConformanceError, match=says):
        check_determinism(trap, 4)


def test_a_name_that_is_asked_for_as_something_else_is_not_called_unknown():
    trap = type("TakesLoose", (Healthy,), {"rules": lambda self, move: move.take("cheese")})
    says = r"'cheese' is declared, but not as what is asked for: `move.take`.* in `held`"
    with pytest.raises(ConformanceError, match=says):
        check_determinism(trap, 4)


def draws_once(self, level, split):
    Healthy.draw(self, level, split)
    level.at["corner"][:] = 0


def test_all_failures_are_listed_and_each_error_once():
    with pytest.raises(ConformanceError) as caught:
        check_trap(Crashes, 4, skip=LONG)
    error, said = caught.value, str(caught.value)
    names = [error.check, *(other.check for other in error.others)]
    assert names[:4] == ["purity", "determinism", "objectives", "shapes"]
    assert {"certificate", "oracle"} <= {*names}
    assert "level_identity" not in names
    assert isinstance(error.__cause__, AttributeError)
    line = inspect.getsourcelines(Crashes.rules)[1] + 3
    place = f"{__file__}:{line}, in rules: move.opend  # noqa: B018"
    assert error.line == place
    assert said.count(place) == 1
    assert said.startswith("check 'purity': Crashes-v0(size=7x7): AttributeError: the move has no")
    assert "    It fails determinism, objectives, shapes, " in said
    assert f"\n{len(names)} checks failed; the first may be the cause." in said
    with pytest.raises(ConformanceError) as alone:
        check_determinism(Crashes, 4)
    assert (alone.value.line, alone.value.others) == (place, ())


def test_other_failures_are_told_in_order():
    trap = type("Nowhere", (Healthy,), {"draw": draws_once})
    with pytest.raises(ConformanceError) as caught:
        check_trap(trap, 4, skip=LONG)
    first, second, third, *_ = str(caught.value).splitlines()
    assert first.startswith("check 'states': Nowhere")
    assert second == f"{1 + len(caught.value.others)} checks failed; the first may be the cause."
    assert third.startswith("check 'contact'")
    assert caught.value.line == ""


def test_skipping_checks():
    with pytest.raises(ConformanceError, match="check 'directions': Healthy-v0"):
        check_trap(Healthy, 4, skip=("environment", "vector", "moves"))
    with pytest.raises(ValueError, match="Did you mean 'directions'"):
        check_trap(Healthy, 4, skip=("direction",))


@pytest.mark.usefixtures("registry")
def test_a_trap_by_its_name_an_id_its_class_or_made():
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
