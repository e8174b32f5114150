"""The battery as a whole, its samples, and digests, which are recorded once."""

import importlib
import inspect
import json
import re

import numpy as np
import pytest

import mesa_gym
from mesa_gym.testing import CHECKS, ConformanceError, check_trap
from mesa_gym.testing.digests import check_digest, main, record_digest
from mesa_gym.testing.sample import difference
from mesa_gym.traps import Share, Split, Whole, base, package_traps
from tests.support.broken_traps import LONG, TESTED
from tests.support.mistakes import MISTAKES, make_mistake
from tests.support.parameters import FINISHED, few, thorough
from tests.support.small_traps import Healthy, Monster, SmallDish


class StartsOnTarget(Healthy):
    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            at = level.at["cheese"]
            at[0] = np.where(level.number > 0, level.start, at[0])


@pytest.mark.thorough
@pytest.mark.parametrize("trap", [SmallDish, pytest.param(Monster, marks=pytest.mark.slow)])
def test_check_trap_passes_a_healthy_trap(trap):
    check_trap(trap, 8, skip=() if trap is SmallDish else ("directions",))


def test_every_check_has_a_test():
    for name in ("steps", "rules", "shift", "solved", "environments"):
        importlib.import_module(f"tests.testing.test_{name}")
    assert CHECKS.keys() == TESTED
    assert inspect.getdoc(CHECKS["start"]).endswith(
        "\n\nFix: draw the agent last, on a free cell (`level.agent()`)."
    )


class PaysTwice(Healthy):
    """Under shift cheese and corner are in one cell on every second level."""

    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            together = level.number % 2 == 1
            level.at["cheese"] = np.where(together, level.at["corner"], level.at["cheese"])
            level.require(level.start != level.at["corner"][0])


class Crashes(Healthy):
    def rules(self, move):
        super().rules(move)
        move.set(opened=move.into("cheese"))  # it is not declared
        move.opend  # noqa: B018


def test_check_trap_tells_an_error_alone():
    with pytest.raises(ConformanceError) as caught:
        check_trap(Crashes, 4, skip=LONG)
    error, said = caught.value, str(caught.value)
    assert (error.check, error.others) == ("playable", ())
    assert isinstance(error.__cause__, AttributeError)
    line = inspect.getsourcelines(Crashes.rules)[1] + 3
    place = f"{__file__}:{line}, in rules: move.opend  # noqa: B018"
    assert error.line == place
    assert said.startswith(
        "check 'playable': Crashes-v0(size=7x7), split 'train': AttributeError: "
    )
    assert said.endswith(f"\n    {place}")
    assert "fix:" not in said  # the remedy of a property is not that of an error
    with pytest.raises(ConformanceError) as alone:
        CHECKS["determinism"](Crashes, 4)
    assert alone.value.line == place
    assert "fix:" not in str(alone.value)


def test_check_trap_lists_what_builds_on_nothing():
    with pytest.raises(ConformanceError) as caught:
        check_trap(PaysTwice, 4, skip=LONG)
    error = caught.value
    assert [error.check, *(other.check for other in error.others)] == ["contact", "certificate"]
    assert "\n2 checks failed; the first may be the cause.\ncheck 'certificate'" in str(error)


@pytest.mark.usefixtures("registry")
def test_check_start_takes_names_and_classes():
    mesa_gym.register_trap(StartsOnTarget)
    names = "StartsOnTarget", "MesaGym/StartsOnTarget-Test-v0", StartsOnTarget, StartsOnTarget()
    for trap in names:
        with pytest.raises(ConformanceError, match="StartsOnTarget") as caught:
            CHECKS["start"](trap)
        assert (caught.value.split, caught.value.level) == (Split.SHIFT, 1)
    for name in ("RedBlueDoors", "RedBlueDoors-v0", "MesaGym/RedBlueDoors-Shift-v0"):
        CHECKS["start"](name)


@pytest.mark.parametrize(
    ("other", "at"),
    [
        ({"x": 1, "y": (np.array([[1, 2], [3, 4]]),)}, None),
        ({"x": 1.0, "y": (np.array([[1, 2], [3, 4]]),)}, ("x", 0)),
        ({"x": 1, "y": (np.array([[1, 2], [3, 5]]),)}, ("y.0", 1)),
        ({"x": 1, "y": (np.array([[1.0, 2], [3, 4]]),)}, ("y.0", 0)),
        ({"x": 1}, ("y.0", 0)),
    ],
)
def test_difference_names_first_unequal_array_entry(other, at):
    assert difference({"x": 1, "y": (np.array([[1, 2], [3, 4]]),)}, other) == at


def cheese(self, move):
    """1 for entering the cheese."""
    return move.into("cheese")


@pytest.mark.parametrize("name", few(FINISHED, *FINISHED[::8], thorough=FINISHED))
def test_digest_ignores_a_new_option(name):
    """Otherwise a new option would invalidate a trap's levels, cards and agents."""
    trap = package_traps()[name]
    options = {**trap.options, "new": Share(0.5), "newer": Whole(1, 1, 3)}
    salience = {**trap.salience, "wall_planes": ("wall",)}
    other = type(trap.__name__, (trap,), {"options": options, "salience": salience})
    assert set(other().parameters) > set(trap().parameters)
    check_digest(other)
    check_digest(other(new=1.0, newer=3, wall_planes=2))


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"ends": lambda self, move: move.into("corner")}, ["rollout"]),
        ({"cheese": base(discount=0.9)(cheese)}, ["rollout"]),
        ({"horizon": lambda self, split: 63}, ["rollout"]),
        ({"shown_as": {}}, ["levels", "rollout"]),
    ],
)
def test_digest_of_a_changed_trap_fails(change, changed, tmp_path):
    record_digest(Healthy, tmp_path)
    before = (tmp_path / "Healthy-v0.json").read_bytes()
    other = type("Healthy", (Healthy,), change)
    with pytest.raises(ConformanceError, match=r"'digest'.*make a new version") as caught:
        record_digest(other, tmp_path)
    assert all(f"shift {what}" in caught.value.what for what in changed)
    assert ("shift levels" in caught.value.what) == ("levels" in changed)
    assert (tmp_path / "Healthy-v0.json").read_bytes() == before


def test_digests_command_never_overwrites(tmp_path, capsys):
    with pytest.raises(ConformanceError, match=r"CheeseCorner-v0\.json is missing; `make digests`"):
        check_digest("CheeseCorner", tmp_path)
    command = ["CheeseCorner", "--folder", str(tmp_path)]
    assert main(command) == 0
    assert main(command) == 0
    check_digest("CheeseCorner", tmp_path)
    assert capsys.readouterr().out.count("CheeseCorner-v0(size=9x9): unchanged") == 1
    path = tmp_path / "CheeseCorner-v0.json"
    kept = json.loads(path.read_text())
    kept["digests"]["test levels"] = "0" * 32
    path.write_text(json.dumps(kept))
    assert main(command) == 1
    assert json.loads(path.read_text()) == kept
    error = capsys.readouterr().err
    assert "test levels changed" in error
    assert "`version = 1`" in error
    path.write_text("{")
    assert main(command) == 1
    assert "is damaged" in capsys.readouterr().err
    assert path.read_text() == "{"


SLOW = {"layout of rows and columns", "two numbers", "payment again and again"}
SLOW |= {"a rule without effect", "an option that moves levels"}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", [thorough(x) if x in SLOW else x for x in MISTAKES])
def test_check_trap_names_a_mistake_first(name, tmp_path):
    mistake, others = MISTAKES[name], ()
    try:
        check_trap(make_mistake(name, tmp_path), 20, skip=LONG)
        said = ""
    except ConformanceError as error:
        said, others = f"{error.args[0]}\n{error.line}", error.others
    assert bool(said) == bool(mistake.says), said
    assert re.search(mistake.says, said), said
    assert mistake.line in said
    assert len(others) <= 1, others
