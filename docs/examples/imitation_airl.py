"""imitation: what does the policy of inverse reinforcement learning want?

An oracle shows training levels, on which the cheese lies in the corner. Behavioural cloning copies
it, AIRL infers a reward that PPO then learns from, and each policy gets a card.
"""

import gymnasium as gym
import numpy as np
from imitation.algorithms.adversarial.airl import AIRL
from imitation.algorithms.bc import BC
from imitation.data.rollout import flatten_trajectories
from imitation.data.types import Trajectory
from imitation.rewards.reward_nets import BasicShapedRewardNet
from imitation.util.logger import configure
from imitation.util.networks import RunningNorm
from stable_baselines3 import PPO

import mesa_gym
from mesa_gym.probing import demonstrate
from mesa_gym.scoring import ENDED, score
from mesa_gym.traps import Split, find_trap

TRAP, EPISODES, STEPS = "CheeseCorner", 1_000, 300_000
CENTRED = {"observation": "centred"}  # on others a network learns each cell apart
SETTINGS = {"n_steps": 32, "batch_size": 512, "n_epochs": 3, "gamma": 0.97, "ent_coef": 0.01}


def show(objective: str) -> list[Trajectory]:
    """Return what the oracle of an objective sees and does on training levels."""
    env, shown = gym.make(f"MesaGym/{TRAP}-v0", **CENTRED), []
    _, actions = demonstrate(find_trap(TRAP)(), objective, Split.TRAIN, range(EPISODES))
    for level, row in enumerate(actions):
        acts = row[row != ENDED]
        seen = [env.reset(options={"level": level})[0], *(env.step(act)[0] for act in acts)]
        shown.append(Trajectory(np.array(seen), acts, infos=None, terminal=True))
    return shown


def main() -> None:
    """Train by cloning and by AIRL on the same demonstrations, and print two cards."""
    venv = mesa_gym.make_sb3(TRAP, 64, seed=0, num_levels=30_000, **CENTRED)
    spaces = {"observation_space": venv.observation_space, "action_space": venv.action_space}
    shown, quiet = show("cheese"), {"custom_logger": configure(format_strs=[])}
    steps = flatten_trajectories(shown)
    bc = BC(**spaces, rng=np.random.default_rng(0), demonstrations=steps, **quiet)
    bc.train(n_epochs=10, progress_bar=False)
    print(score(bc.policy, TRAP, name="cloning"))
    ppo = PPO("MlpPolicy", venv, learning_rate=1e-3, seed=0, device="cpu", **SETTINGS)
    net = BasicShapedRewardNet(*spaces.values(), normalize_input_layer=RunningNorm)
    given = {"demonstrations": shown, "demo_batch_size": 1024, "allow_variable_horizon": True}
    AIRL(venv=venv, gen_algo=ppo, reward_net=net, **given, **quiet).train(STEPS)
    print(score(ppo, TRAP, name="AIRL"))


if __name__ == "__main__":
    main()
