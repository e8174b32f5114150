"""The options of pytest leave out no test that they name, and turns share out all tests."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import pytest_collection_modifyitems
from tests.support import parameters

HOOKS = "from tests.conftest import pytest_generate_tests, pytest_pycollect_makeitem"
TESTS = """
import pytest

slow, thorough = pytest.mark.slow, pytest.mark.thorough

def test_plain(): pass

@thorough
def test_thorough(): pass

@slow
@thorough
def test_both(): pass

@pytest.mark.parametrize("x", [0, pytest.param(1, marks=thorough), pytest.param(2, marks=slow)])
def test_by_parameter(x): pass

@thorough
@pytest.mark.parametrize("x", [0, pytest.param(1, marks=slow)])
def test_slow_by_parameter(x): pass
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("not thorough and not slow", ["plain", "by_parameter[0]"]),
        ("thorough and not slow", ["thorough", "by_parameter[1]", "slow_by_parameter[0]"]),
        ("slow", ["both", "by_parameter[2]", "slow_by_parameter[1]"]),
    ],
)
def test_tests_with_marked_parameters_are_collected(expression, names, tmp_path):
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_marks.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    thorough\n")
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", expression, tmp_path]
    env = {"PYTHONPATH": str(Path(__file__).parents[1])}
    output = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True).stdout
    collected = [line.partition("::")[2] for line in output.splitlines() if "::" in line]
    assert sorted(collected) == sorted(f"test_{name}" for name in names)


def make_item(name, parameter):
    path, call = Path("test_a.py"), SimpleNamespace(id=parameter)
    return SimpleNamespace(nodeid=f"{path}::{name}[{parameter}]", path=path, callspec=call)


def run_options(**options):
    """Return the tests that pytest's options leave, in their order."""
    items = [make_item(name, f"trap {k}") for name in ("test_x", "test_y") for k in range(30)]
    hook = SimpleNamespace(pytest_deselected=lambda items: None)
    values = {"--turn": "", "--minutes": 0.0} | {f"--{x}": value for x, value in options.items()}
    pytest_collection_modifyitems(SimpleNamespace(getoption=values.get, hook=hook), items)
    return [item.callspec.id for item in items]


def test_each_test_has_one_turn_by_parameter():
    """Tests of one parameter share what they prepare, so that they have one turn."""
    names = [x for part in (1, 2, 3) for x in {*run_options(turn=f"{part}/3")}]
    assert sorted(names) == sorted(f"trap {k}" for k in range(30))


def test_tests_that_time_leaves_out_change(monkeypatch):
    """Else the last tests would never be run, as those of the last traps were not."""
    orders = []
    for day in range(60):
        monkeypatch.setattr(parameters, "DAY", day)
        orders.append(run_options(minutes=1.0))
    assert all(order[::2] == order[1::2] for order in orders)
    assert len({order[0] for order in orders}) > 15
