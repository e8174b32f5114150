"""Environments in a code, and agents that do not see some planes."""

import numpy as np
import pytest
from reference import wandered
from still import KEY, StillEnv, as_sets

from agents.compiling import jnp
from benchmarks.methods.coded import CodedEnv, CodedMLP
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import find_trap

DOORS = find_trap("RedBlueDoors")(colour_planes=2)
SAME = np.arange(2 ** len(DOORS.channels))[:, None] >> np.arange(len(DOORS.channels)) & 1


def test_coded_inputs_are_those_of_coded_planes():
    planes, view = planes_of(DOORS, wandered(DOORS, 40)), CentredInputs(DOORS)
    bits = 1 << np.arange(planes.shape[-1])
    codes = SAME.astype(np.uint8)
    codes[1:, 3:5] = codes[1:, [4, 3]]  # two colours change places
    coded = codes[planes.astype(int) @ bits]
    assert (coded != planes).any()
    for hidden in ([], [2, 4]):
        env = CodedEnv(StillEnv(DOORS, planes), codes, view, hidden)
        shown, state = env.reset(KEY)
        again = env.step(KEY, state, jnp.zeros(40, int))[0]
        unseen = {*view.of(hidden).tolist()}
        expected = [each - unseen for each in as_sets(view.list_inputs(coded), view.count)]
        for found in (shown, again):
            assert [{*np.flatnonzero(row).tolist()} for row in np.asarray(found)] == expected
            assert {*np.unique(found).tolist()} == {0, 1}
    shown, _ = CodedEnv(StillEnv(DOORS, planes), codes, None, ()).reset(KEY)
    np.testing.assert_array_equal(shown, coded)


@pytest.mark.parametrize("hidden", ["door", "key", "red", None])
def test_agent_never_uses_hidden_planes(hidden):
    channels = [i for i, name in enumerate(DOORS.channels) if name == hidden]
    learner = CodedMLP(DOORS, codes=SAME.astype(np.uint8), hidden=channels)
    weights = learner.draw(KEY)
    agent = learner.export({x: 50 * each if x[0] == "p" else each for x, each in weights.items()})
    planes = planes_of(DOORS, wandered(DOORS, 40))
    for name in DOORS.channels[2:]:
        without = planes * ~(np.array(DOORS.channels) == name)
        assert np.array_equal(agent.act(without), agent.act(planes)) == (name == hidden)
