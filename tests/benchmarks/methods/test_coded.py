"""Environments that show the inputs of planes in a code."""

import numpy as np
from reference import wandered
from still import KEY, StillEnv, as_sets

from agents.compiling import jnp
from benchmarks.methods.coded import CodedEnv
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import find_trap

DOORS = find_trap("RedBlueDoors")(colour_planes=2)
SAME = np.arange(2 ** len(DOORS.channels))[:, None] >> np.arange(len(DOORS.channels)) & 1


def test_coded_inputs_equal_inputs_of_coded_planes():
    planes, view = planes_of(DOORS, wandered(DOORS, 40)), CentredInputs(DOORS)
    bits = 1 << np.arange(planes.shape[-1])
    codes = SAME.astype(np.uint8)
    codes[1:, 3:5] = codes[1:, [4, 3]]  # two colours change places
    coded = codes[planes.astype(int) @ bits]
    assert (coded != planes).any()
    env = CodedEnv(StillEnv(DOORS, planes), codes, view)
    shown, state = env.reset(KEY)
    again = env.step(KEY, state, jnp.zeros(40, int))[0]
    expected = as_sets(view.list_inputs(coded), view.count)
    for found in (shown, again):
        assert [{*np.flatnonzero(row).tolist()} for row in np.asarray(found)] == expected
        assert {*np.unique(found).tolist()} == {0, 1}
