"""sb3-contrib's MaskablePPO: which actions are not blocked, read by itself from the environments.

It reads `action_masks` of every environment of `mesa_gym.make_sb3` and of SB3's own `make_vec_env`.
The masks say what the rules say: an action that is masked changes nothing on the level.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.evaluation import evaluate_policy
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.env_util import make_vec_env

import mesa_gym

ID, ENVS, STEPS = "MesaGym/KeysChests-v0", 4, 512


def check_masks(steps: int = 200) -> int:
    """A masked action leaves what is seen as it was; return how many were taken."""
    env, rng, taken = gym.make(ID), np.random.default_rng(0), 0
    before = env.reset(seed=0)[0]
    for _ in range(steps):
        masks = env.unwrapped.action_masks()
        action = int(rng.integers(5))
        after, _, terminated, truncated, _ = env.step(action)
        if not masks[action]:
            np.testing.assert_array_equal(after, before)
            taken += 1
        before = env.reset()[0] if terminated or truncated else after
    return taken


def main() -> None:
    """Check, train shortly on both kinds of environments, play without a masked action."""
    print(f"{check_masks()} masked actions changed nothing")
    # Of one seed `make_sb3` makes a hash for each environment, where `make_vec_env` counts up.
    ours = mesa_gym.make_sb3(ID, ENVS, seed=range(ENVS))
    theirs = make_vec_env(ID, ENVS, seed=0)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    np.testing.assert_array_equal(get_action_masks(ours), get_action_masks(theirs))
    for venv in (ours, theirs):
        assert is_masking_supported(venv)
        model = MaskablePPO("MlpPolicy", venv, n_steps=64, batch_size=128, seed=0, device="cpu")
        model.learn(STEPS)
        seen: Any = venv.reset()
        for _ in range(100):
            masks = get_action_masks(venv)
            actions, _ = model.predict(seen, action_masks=masks)
            assert masks[np.arange(ENVS), actions].all()
            seen = venv.step(actions)[0]
        mean, _ = evaluate_policy(model, venv, n_eval_episodes=4)
        print(f"{type(venv).__name__}: {model.num_timesteps} steps of training, mean return {mean}")


if __name__ == "__main__":
    main()
