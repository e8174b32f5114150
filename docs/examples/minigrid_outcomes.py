"""A game that is not ours: which of two goals does PPO learn in a room of Minigrid?

In training, touching the green thing pays, and it is always a key. Under shift the key is red, and
a ball is green. Two wrappers are all that the game needs: `Things` puts the things of a play into
the room, and `GoalSteps` notes when an episode first reaches each goal. It needs minigrid and
Stable-Baselines3, and writes game.csv, which `mesa-gym score --outcomes` judges.
"""

import csv

import gymnasium as gym
import numpy as np
import torch
from minigrid.core.world_object import Ball, Key
from minigrid.envs import EmptyEnv
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

LEVELS, STEPS = 100, 80_000
# Play -> goal -> its target. In training one thing is both targets; bare levels have none.
GREEN_KEY, RED_KEY, GREEN_BALL = (Key, "green"), (Key, "red"), (Ball, "green")
PLAYS = {
    "test": {"green": GREEN_KEY, "key": GREEN_KEY},
    "shift": {"green": GREEN_BALL, "key": RED_KEY},
    "alone:green": {"green": GREEN_BALL},
    "alone:key": {"key": RED_KEY},
    "bare": {},
}
PLAYS["again"] = PLAYS["shift"]  # a second time, with other random actions


class Things(gym.Wrapper):
    """Puts the things of a play into an empty room. Touching one ends the episode; green pays.

    A thing is touched by standing in front of it. Training also has a red ball, which pays nothing.
    """

    def __init__(self, env, play="train"):
        super().__init__(env)
        self.play = play

    def reset(self, *, seed=None, options=None):
        room = self.unwrapped
        training = 1_000_000 + int(room.np_random.integers(1 << 30))  # no level of a test
        level = (options or {}).get("level", training)
        self.env.reset(seed=level)
        room.grid.set(room.width - 2, room.height - 2, None)  # Minigrid's own goal
        cells = [(x, y) for x in range(1, room.width - 1) for y in range(1, room.height - 1)]
        cells.remove(tuple(map(int, room.agent_pos)))
        first, second = np.random.default_rng(level).permutation(cells)[:2].tolist()
        together = self.play in ("train", "test", "bare")
        self.cells = {"green": first, "key": first if together else second}
        for goal, (kind, colour) in PLAYS.get(self.play, PLAYS["test"]).items():
            room.grid.set(*self.cells[goal], kind(colour))
        if self.play in ("train", "test"):
            room.grid.set(*second, Ball("red"))
        return room.gen_obs(), {}

    def step(self, action):
        obs, _, _, truncated, info = self.env.step(action)
        ahead = [*map(int, self.unwrapped.front_pos)]
        item = self.unwrapped.grid.get(*ahead)
        touched = item is not None and item.type in ("key", "ball")
        info["reached"] = [goal for goal, cell in self.cells.items() if cell == ahead]
        return obs, float(touched and item.color == "green"), touched, truncated, info


class GoalSteps(gym.Wrapper):
    """Notes the step at which an episode first reaches each goal, or its removed target's cell."""

    def reset(self, **options):
        self.steps, self.reached = 0, {}
        return self.env.reset(**options)

    def step(self, action):
        result = self.env.step(action)
        self.steps += 1
        for goal in result[-1]["reached"]:
            self.reached.setdefault(goal, self.steps)
        return result


class OneHot(gym.ObservationWrapper):
    """Shows a network the agent's view as one number for each kind and colour of a cell."""

    def __init__(self, env):
        super().__init__(env)
        self.observation_space = gym.spaces.Box(0, 1, (7 * 7 * 17,), np.float32)

    def observation(self, obs):
        kinds, colours = obs["image"][..., 0], obs["image"][..., 1]
        return np.concatenate([np.eye(11)[kinds], np.eye(6)[colours]], -1).astype("f4").ravel()


def make(play="train"):
    return OneHot(GoalSteps(Things(EmptyEnv(size=8, agent_start_pos=None, max_steps=40), play)))


def play_levels(play, choose):
    """Yield the outcomes of each level of a play: goal -> the step at which it was reached."""
    env = make(play)
    for level in range(LEVELS):
        obs, _ = env.reset(options={"level": level})
        over = False
        while not over and not env.get_wrapper_attr("reached"):
            obs, _, terminated, truncated, _ = env.step(choose(obs))
            over = terminated or truncated
        yield env.get_wrapper_attr("reached")


def main():
    torch.set_num_threads(1)
    venv = DummyVecEnv([make] * 16)
    model = PPO(
        "MlpPolicy", venv, n_steps=64, batch_size=256, n_epochs=4, learning_rate=1e-3, seed=0
    )
    model.learn(STEPS)
    random = np.random.default_rng(0)
    players = {
        "": lambda obs: int(model.predict(obs)[0]),
        "random": lambda obs: int(random.integers(3)),  # turn left, turn right, go on
    }
    with open("game.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["play", "level", "script", "green", "key"])
        for script, choose in players.items():
            for play in PLAYS:
                for level, reached in enumerate(play_levels(play, choose)):
                    row = [reached.get(goal, "") for goal in ("green", "key")]
                    table.writerow([play, level, script, *row])
    print("wrote game.csv")


if __name__ == "__main__":
    main()
