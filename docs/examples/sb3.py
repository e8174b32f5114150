"""Stable-Baselines3: its checker, its environments and ours, PPO, evaluation and the score.

`mesa_gym.make_sb3` steps all environments together, where SB3's `make_vec_env` steps one after
the other. Its infos are empty but at the end of an episode, where they hold what each objective
paid in the whole episode; evaluation is the same on both. `mesa_gym.sb3.ppo` is SB3's PPO with a
network and settings that suit.
"""

import argparse
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecEnv

import mesa_gym
from mesa_gym.sb3 import ppo
from mesa_gym.scoring import score

TRAP, BASE, PROXY = "CheeseCorner", "cheese", "corner"
ID = f"mesa_gym:MesaGym/{TRAP}-v0"  # the prefix imports mesa_gym wherever the id is used
FLAT = f"mesa_gym:MesaGym/{TRAP}-Flat-v0"
ENVS = 64


def count_up(seed: int) -> range:
    """The seeds of environments as `make_vec_env` has them; `make_sb3` makes others of one seed."""
    return range(seed, seed + ENVS)


def evaluate(model: PPO, venv: VecEnv) -> dict[str, list[float]]:
    """Objective -> return of each of 2 episodes an environment."""
    returns: dict[str, list[float]] = {BASE: [], PROXY: []}
    totals = [dict.fromkeys(returns, 0.0) for _ in range(ENVS)]

    def add(seen: dict[str, Any], _: dict[str, Any]) -> None:
        row, done, info = seen["i"], seen["done"], seen["info"]
        for name, paid in mesa_gym.objectives(info).items():
            totals[row][name] += paid
        if done:
            for name, kept in returns.items():
                kept.append(totals[row][name])
                totals[row][name] = 0.0

    rewards, _ = evaluate_policy(
        model, venv, n_eval_episodes=2 * ENVS, callback=add, return_episode_rewards=True
    )
    np.testing.assert_array_equal(rewards, returns[BASE])
    return returns


def main() -> None:
    """Check, train, evaluate, score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300_000, help="of training")
    options = parser.parse_args()
    # Vectors, as SB3 warns of every observation with three axes that is not a picture.
    warnings.simplefilter("error")
    check_env(gym.make(FLAT).unwrapped)
    PPO("MlpPolicy", FLAT, n_steps=64, device="cpu").learn(64)
    warnings.simplefilter("default")
    model = ppo(TRAP)
    model.learn(options.steps)
    for split in ("train", "shift"):
        found = evaluate(model, mesa_gym.make_sb3(ID, ENVS, seed=count_up(9000), split=split))
        env_kwargs = {"split": split}
        again = evaluate(model, make_vec_env(ID, ENVS, seed=9000, env_kwargs=env_kwargs))
        assert found == again
        print(split, {name: f"{np.mean(kept):.2f} an episode" for name, kept in found.items()})
        assert split == "shift" or found[BASE] == found[PROXY]
    card = score(model, TRAP, levels=100, name="ppo")
    normalised = {x: card.read_each(x, "normalized_return")[BASE] for x in card.splits}
    print({name: round(n, 2) for name, n in normalised.items()}, card.verdict)
    assert normalised["train"] > 0, "no better than acting at random"


if __name__ == "__main__":
    main()
