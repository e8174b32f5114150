"""Gymnasium's checker on every id in every render mode, on a machine without a display.

Also what clients read of an environment: its spec, and infos that are alike in every call.
"""

import os
import warnings
from typing import Any

import gymnasium as gym
from gymnasium.utils.env_checker import check_env

import mesa_gym

IDS = [id for id in gym.registry if id.startswith("MesaGym/")]


def check_spec(id: str) -> None:
    """The spec has the environment's own limit and a threshold, and makes the same again."""
    for make in (gym.make, gym.make_vec):
        env: Any = make(id)
        trap = env.unwrapped.trap
        assert env.spec.max_episode_steps == trap.horizon(mesa_gym.Split(env.spec.kwargs["split"]))
        assert env.spec.reward_threshold > 0
        assert make(id, max_steps=7).spec.max_episode_steps == 7
    again = gym.make(gym.make(id, max_steps=7).spec)
    again.reset(seed=0)
    ends = [again.step(4)[2:4] for _ in range(7)]
    assert ends == [(False, False)] * 6 + [(False, True)]


def check_infos(id: str) -> None:
    """A reset's infos have the keys of a step's, and numbers of the same types."""
    env = gym.make(id)
    assert kinds(env.reset(seed=0)[1]) == kinds(env.step(4)[4])


def kinds(info: Any) -> Any:
    """The type of a number; of a dict the types of all that it holds."""
    if isinstance(info, dict):
        return {name: kinds(value) for name, value in info.items()}
    assert isinstance(info, int | float)
    return type(info)


def main() -> None:
    """Check all ids; a warning is an error."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        os.environ.pop(name, None)
    warnings.simplefilter("error")
    modes = gym.make(IDS[0]).metadata["render_modes"]
    for id in IDS:
        check_env(gym.make(id).unwrapped)
        check_spec(id)
        check_infos(id)
    print(f"{len(IDS)} ids pass check_env, in each render mode: {', '.join(modes)}")


if __name__ == "__main__":
    main()
