"""``mesa-gym new-trap`` writes a trap that works, and overwrites none."""

import sys
from pathlib import Path

import pytest

from mesa_gym.scoring import score
from mesa_gym.traps import find_trap


@pytest.mark.usefixtures("registry")
def test_what_it_writes_can_be_scored(run):
    assert run("new-trap RipeBerries")[0] == 0
    sys.path.insert(0, "")
    # tests/conformance/test_traps.py runs every check on the same code.
    assert score("oracle:shady", find_trap("ripe_berries:RipeBerries")(), levels=10).competent
    text = Path("ripe_berries.py").read_text()
    assert run("new-trap RipeBerries")[0] != 0  # the class is registered by now
    assert Path("ripe_berries.py").read_text() == text


@pytest.mark.usefixtures("registry")
def test_an_error_of_ones_own_is_told_with_its_line(run):
    assert run("new-trap RipeBerries")[0] == 0
    path = Path("ripe_berries.py")
    lines = path.read_text().splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.strip().startswith("def ends("))
    lines.insert(at + 2, '        move.into("plum")')
    path.write_text("\n".join(lines))
    code, error = run("certify ripe_berries.py:RipeBerries --levels 5")
    (told,) = (line for line in error.splitlines() if line.startswith("mesa-gym: "))
    assert code == 2
    assert "RipeBerries-v0: KeyError: unknown name 'plum'" in told
    assert f'ripe_berries.py:{at + 3}, in ends: move.into("plum"))' in told
    assert "Traceback" not in error
