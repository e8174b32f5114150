"""Training environments beside the trap's own: encoded, counted, and without other levels."""

import numpy as np
import pytest

from agents.run import NUM_LEVELS
from benchmarks.methods.environments import TrainingEnvs
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import find_trap

TRAP, SEEDS = find_trap("ColourShape")(), [3, 1, 4, 1]


def turn(planes):
    return planes[..., ::-1]


def test_training_environments_encode_every_observation():
    counted, ended_before = [], False
    envs = TrainingEnvs(TRAP, turn, counted.append, 4)
    plain = TrapVectorEnv(TRAP, 4, autoreset_mode="SameStep", num_levels=NUM_LEVELS)
    np.testing.assert_array_equal(envs.reset(seed=SEEDS)[0], turn(plain.reset(seed=SEEDS)[0]))
    rng = np.random.default_rng(0)
    for _ in range(200):
        actions = rng.integers(5, size=4)
        (seen, *told, infos), (expected, *known, facts) = envs.step(actions), plain.step(actions)
        np.testing.assert_array_equal(seen, turn(expected))
        np.testing.assert_array_equal(told, known)
        ended = told[1] | told[2]
        assert [*infos] == (["final_obs", "_final_obs"] if ended.any() else [])
        for row in ended.nonzero()[0]:
            np.testing.assert_array_equal(infos["final_obs"][row], turn(facts["final_obs"][row]))
            ended_before = True
    assert ended_before
    assert counted == [4] * 200


def test_training_environments_take_no_options():
    envs = TrainingEnvs(TRAP, turn, lambda steps: None, 4)
    with pytest.raises(ValueError, match=r"reset takes a seed alone, got the options \['split'\]"):
        envs.reset(options={"split": "shift"})
