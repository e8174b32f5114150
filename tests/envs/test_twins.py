"""Every interface, autoreset mode and keyword gives the results of single environments."""

import pytest

from mesa_gym.envs.settings import KEYWORDS
from mesa_gym.traps import find_trap
from tests.envs.twins import CASES, ID, MODES, compare, count_ends, find_hole

FAST = {
    "native": ("all", "changes (num_levels)", "observation (text)"),
    "make_sb3": ("all", "none"),
    "torch": ("all", "observation (centred)"),
}


def list_twins():
    """Yield a parameter for each interface, mode and case without a hole."""
    for interface, modes in MODES.items():
        for mode in modes:
            for case in CASES:
                marks = [] if case in FAST.get(interface, ()) else [pytest.mark.thorough]
                if not find_hole(interface, case):
                    id = f"{interface}-{mode.value}-{case}"
                    yield pytest.param(interface, mode, case, marks=marks, id=id)


@pytest.mark.parametrize(("interface", "mode", "case"), [*list_twins()])
def test_interface_equals_single_environments(interface, mode, case):
    if interface in ("make_sb3", "DummyVecEnv"):
        pytest.importorskip("stable_baselines3")
    elif interface in ("torch", "jax"):
        pytest.importorskip(interface)
    assert compare(interface, mode, case) >= 48


def test_twins_name_every_keyword():
    keywords = {name for case in CASES.values() for name in case}
    of_trap = find_trap(ID).keywords()
    assert keywords == {*KEYWORDS, *of_trap, "max_episode_steps"}


@pytest.mark.thorough
@pytest.mark.parametrize("interface", ["native", "torch"])
def test_twins_reach_every_end(interface):
    ends = [count_ends(interface, case) for case in CASES if not find_hole(interface, case)]
    assert all(terminated and truncated for terminated, truncated, _ in ends)
    assert sum(both for _, _, both in ends) > len(ends)
