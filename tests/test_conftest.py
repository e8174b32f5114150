"""The options of pytest leave out no test that they name."""

import subprocess
import sys
from pathlib import Path

import pytest

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
    found = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True).stdout
    collected = [line.partition("::")[2] for line in found.splitlines() if "::" in line]
    assert sorted(collected) == sorted(f"test_{name}" for name in names)
