"""The weight of importing the package and of a first step. Ids: end_to_end/test_ids.py."""

import subprocess
import sys

import pytest

# Calls of Python functions are counted: seconds would be those of the machine.
COUNT = """
import sys, gymnasium

calls = 0

def count(frame, event, _):
    global calls
    calls += event == "call"

before = set(sys.modules)
sys.setprofile(count)
import mesa_gym
imported, modules = calls, len(set(sys.modules) - before)
env = gymnasium.make("MesaGym/RedBlueDoors-v0")
env.reset()
env.step(0)
sys.setprofile(None)
heavy = {"torch", "stable_baselines3", "pygame", "matplotlib", "scipy", "array_api_compat"}
print(modules, imported, calls - imported, *(heavy & {*sys.modules}))
"""


@pytest.mark.thorough
def test_import_and_first_step_are_light():
    command = [sys.executable, "-c", COUNT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules, imported, stepped, *heavy = done.stdout.split()
    assert not heavy
    # Half as much again as was counted: 86 modules, 16,500 calls, then 1,900.
    assert int(modules) < 130
    assert int(imported) < 25_000
    assert int(stepped) < 3_000
