"""Which of Minigrid's wrappers fit a trap, and what stops the others.

The observation `symbolic` is an array of codes in Minigrid's manner, row first. Two wrappers take
any environment. Three more take this one once its observation stands in a dict beside a direction
and a mission, as Minigrid's own does. The others read Minigrid's world behind the observation: its
grid, where its agent stands and faces, its codes. Every wrapper of the module is tried.
"""

import inspect
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Dict, Discrete, Text
from minigrid import wrappers

import mesa_gym  # noqa: F401  (registers the ids)

ID = "MesaGym/RedBlueDoors-v0"
LEVEL, WAY = 1, (4, 2, 2)  # where two steps to the right lead to the door

Seen = list[Any]


class AsMinigrid(gym.ObservationWrapper[Any, Any, Any]):
    """The dict that Minigrid's wrappers read; a trap's agent faces nowhere and is told nothing."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.observation_space = Dict(
            image=env.observation_space,
            direction=Discrete(4),
            mission=Text(min_length=0, max_length=1),
        )

    def observation(self, observation: np.ndarray) -> dict[str, Any]:
        """The dict around one observation."""
        return {"image": observation, "direction": 0, "mission": ""}


def bare() -> gym.Env[Any, Any]:
    """The environment as it is."""
    return gym.make(ID, observation="symbolic")


def walk(env: gym.Env[Any, Any]) -> Seen:
    """Return what is seen on the way to the door, the start included."""
    seen = [env.reset(options={"level": LEVEL})[0]]
    for action in WAY:
        observation, reward, terminated, _, info = env.step(action)
        assert info["reward_door"] == reward == terminated
        seen.append(observation)
    assert terminated
    assert all(map(env.observation_space.contains, seen))
    return seen


def reseed(plain: Seen) -> None:
    """Episodes are those of seeds 5, 8, 5, ..."""
    env = wrappers.ReseedWrapper(bare(), seeds=(5, 8))
    levels = [env.reset()[1]["level"] for _ in range(4)]
    assert levels == [bare().reset(seed=seed)[1]["level"] for seed in (5, 8, 5, 8)]


def stochastic(plain: Seen) -> None:
    """With probability 1 another action is taken: none leads to the door."""
    env = wrappers.StochasticActionWrapper(bare(), prob=0, random_action=4)
    env.reset(options={"level": LEVEL})
    for action in WAY:
        np.testing.assert_array_equal(env.step(action)[0], plain[0])


def image(plain: Seen) -> None:
    """The dict is taken off again."""
    np.testing.assert_array_equal(walk(wrappers.ImgObsWrapper(AsMinigrid(bare()))), plain)


def flat(plain: Seen) -> None:
    """The codes in a row, then room for a mission, which stays empty."""
    rows = np.array(walk(wrappers.FlatObsWrapper(AsMinigrid(bare()))))
    codes = np.reshape(plain, (len(plain), -1))
    np.testing.assert_array_equal(rows[:, : codes.shape[1]], codes)
    assert not rows[:, codes.shape[1] :].any()


def words(plain: Seen) -> None:
    """The mission becomes the numbers of its words, of which there are none."""
    for one, codes in zip(
        walk(wrappers.DictObservationSpaceWrapper(AsMinigrid(bare()))), plain, strict=True
    ):
        np.testing.assert_array_equal(one["image"], codes)
        assert not any(one["mission"])


FITS: dict[str, Callable[[Seen], None]] = {
    "ReseedWrapper": reseed,
    "StochasticActionWrapper": stochastic,
    "ImgObsWrapper": image,
    "FlatObsWrapper": flat,
    "DictObservationSpaceWrapper": words,
}
# Wrapper -> the end of its error, which names what it misses; what shows about the same here.
MISSES: dict[str, tuple[str, str]] = {
    "ActionBonus": ("no attribute 'agent_pos'", ""),
    "PositionBonus": ("no attribute 'agent_pos'", ""),
    "NoDeath": ("no attribute 'grid'", ""),
    "DirectionObsWrapper": ("no attribute 'grid'", ""),
    "FullyObsWrapper": ("no attribute 'width'", "symbolic"),
    "SymbolicObsWrapper": ("no attribute 'width'", "symbolic"),
    "RGBImgObsWrapper": ("no attribute 'height'", "rgb"),
    "RGBImgPartialObsWrapper": ("no attribute 'get_frame'", "local"),
    "ViewSizeWrapper": ("no attribute 'gen_obs_grid'", "local"),
    # Its last 3 places are for Minigrid's states of a door; the third code here is a kind.
    "OneHotPartialObsWrapper": ("index 20 is out of bounds for axis 2 with size 20", "planes"),
}


def refusal(name: str) -> str:
    """Return a wrapper's error."""
    needed = {"no_death_types": ("lava",)} if name == "NoDeath" else {}
    try:
        walk(getattr(wrappers, name)(AsMinigrid(bare()), **needed))
    except (AttributeError, IndexError) as error:
        return str(error)
    raise AssertionError(f"{name} fits after all")


def main() -> None:
    """Try all, and print the table."""
    found = {
        name
        for name, member in inspect.getmembers(wrappers, inspect.isclass)
        if member.__module__ == wrappers.__name__
    }
    assert found == {*FITS, *MISSES}, f"not in the tables: {found ^ {*FITS, *MISSES}}"
    plain = walk(bare())
    for name, check in FITS.items():
        check(plain)
        print(f"{name:<28} fits: {check.__doc__}")
    for name, (missing, instead) in MISSES.items():
        said = refusal(name)
        assert said.endswith(missing), said
        print(f"{name:<28} does not: {said}" + f"; observation={instead!r}" * bool(instead))


if __name__ == "__main__":
    main()
