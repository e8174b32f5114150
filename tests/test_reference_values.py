"""What reference policies are worth, how that is kept, and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corridor import RIGHT, Corridor, Unsolvable
from healthy import Monster

from mesa_gym.policies import load_policy
from mesa_gym.solver import Solution, level_values, reference_values
from mesa_gym.solver.certificate import certify
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner


def test_values_by_hand() -> None:
    """The references arrive with their 22nd and 20th step, each paid for the other's target."""
    values = reference_values(Corridor(), Split.SHIFT, np.arange(5))
    assert values.optimum["cheese"] == pytest.approx(np.full(5, 0.99**21))
    assert values.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))
    assert values.best["cheese", "keys"] == pytest.approx(np.full(5, 0.5 * 0.99**19))
    assert values.best["keys", "cheese"] == pytest.approx(np.full(5, 0.25 * 0.9**21))
    for pair, returned in values.best.items():
        assert values.worst[pair].tolist() == returned.tolist()
    assert {floor.max() for floor in values.floor.values()} == {0}
    assert values.numbers.tolist() == [0, 1, 2, 3, 4]
    short = reference_values(Corridor(), Split.SHIFT, np.arange(5), horizon=21)
    assert short.optimum["cheese"].max() == 0
    assert short.optimum["keys"] == pytest.approx(np.full(5, 0.9**19))


def test_the_floor_is_what_the_exact_solver_says() -> None:
    """Means over levels agree within four standard errors; no level is below staying."""
    trap, numbers = Unsolvable(), np.arange(300)
    floor = reference_values(trap, Split.SHIFT, numbers).floor
    exact = Solution(trap, trap.levels(Split.SHIFT, numbers), trap.horizon(Split.SHIFT))
    for x in trap.objectives:
        # Staying earns nothing and nothing costs, so the floor is the mean of random episodes.
        assert exact.staying(x).max() == 0
        difference = floor[x] - exact.uniform(x)
        assert difference.std() > 0
        assert abs(difference.mean()) < 4 * difference.std() / len(numbers) ** 0.5


def test_values_are_a_function_of_the_level_and_kept(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    done: list[int] = []
    many = reference_values(Monster(), Split.TEST, np.arange(300), progress=done.append)
    assert done == [256, 44]
    (kept,) = tmp_path.glob("*.npz")
    some = reference_values(Monster(), Split.TEST, np.array([280, 7]))
    assert some.floor["cheese"].tolist() == many.floor["cheese"][[280, 7]].tolist()
    monkeypatch.setattr("mesa_gym.solver.reference._values", None)  # computing would now fail
    done.clear()
    again = reference_values(Monster(), Split.TEST, np.arange(300), progress=done.append)
    assert done == [300]
    assert again.arrays().keys() == many.arrays().keys()
    for name, array in again.arrays().items():
        assert array.tolist() == many.arrays()[name].tolist()
    for other in ({"salt": "s"}, {"horizon": 9}):
        with pytest.raises(TypeError):  # not what was kept
            reference_values(Monster(), Split.TEST, np.arange(300), **other)
    monkeypatch.undo()
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    kept.write_bytes(b"PK")
    mended = reference_values(Monster(), Split.TEST, np.arange(300))
    assert mended.optimum["corner"].tolist() == many.optimum["corner"].tolist()


def test_what_a_trap_imports_is_part_of_what_is_kept(monkeypatch, tmp_path: Path) -> None:
    """A helper of the trap's package that changes makes another file."""
    package = tmp_path / "borrowed"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tools.py").write_text("ACTION = 4\n")
    (package / "trap.py").write_text(
        "import numpy as np\n"
        "from borrowed.tools import ACTION\n"
        "from mesa_gym.traps.cheese_corner import CheeseCorner\n"
        "class Borrowed(CheeseCorner):\n"
        "    solvable = False\n"
        "    def reference(self, objective, state):\n"
        "        return np.full(len(state), ACTION)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / "kept"))
    from borrowed.trap import Borrowed  # type: ignore[import-not-found]

    for text, files in (("ACTION = 4\n", 1), ("ACTION = 4\n", 1), ("ACTION = 3\n", 2)):
        (package / "tools.py").write_text(text)
        reference_values(Borrowed(), Split.TEST, np.arange(2))
        assert len(list((tmp_path / "kept").glob("*.npz"))) == files


# -- names and errors ------------------------------------------------------------------------------


def test_reference_policies_by_name() -> None:
    trap = Corridor()
    state = trap.levels(Split.SHIFT, [0, 1])
    chosen = load_policy("reference:keys", trap, 24).act(state.planes, state)
    assert chosen.tolist() == [[1, 0, 0, 0, 0]] * 2
    state.clock += 2
    chosen = load_policy("reference:base", trap, 24).act(state.planes, state)
    assert chosen.argmax(axis=1).tolist() == [RIGHT, RIGHT]


@pytest.mark.parametrize(
    ("trap", "spec", "message"),
    [
        (Corridor, "reference:chese", "'chese'.*Did you mean 'cheese'"),
        (Corridor, "refrence:cheese", "cannot be imported"),
        (Corridor, "randm", "reference:cheese, reference:keys, random, stay.*mean 'random'"),
        (
            Corridor,
            "oracle:keys",
            "no exact solver.*'oracle:keys'.*one of reference:cheese, reference:keys",
        ),
        (CheeseCorner, "reference:base", "has an exact solver.*'reference:base'.*oracle:cheese"),
    ],
)
def test_a_name_that_does_not_fit_says_what_does(trap, spec, message) -> None:
    with pytest.raises(ValueError, match=message):
        load_policy(spec, trap(), 24)


def test_each_kind_of_values_names_the_other() -> None:
    with pytest.raises(ValueError, match=r"no exact solver.*reference_values"):
        level_values(Corridor(), Split.TEST, [0])
    with pytest.raises(ValueError, match=r"has an exact solver.*level_values"):
        reference_values(CheeseCorner(), Split.TEST, [0])
    with pytest.raises(ValueError, match=r"no exact solver.*check_references"):
        certify(Corridor(), 3)
    with pytest.raises(ValueError, match="needs the state"):
        load_policy("reference:keys", Corridor(), 24).act(np.zeros((1, 3, 43, 4), dtype=np.uint8))
