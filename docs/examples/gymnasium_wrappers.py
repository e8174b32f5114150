"""Gymnasium's wrappers around a trap, each against what it should give, worked out by hand.

Whatever a wrapper does to observations and rewards, `mesa_gym.objectives(info)` stays what it was:
what each objective paid in that step. RecordVideo has an example of its own, record_video.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium import wrappers
from gymnasium.spaces import Box

import mesa_gym

ID = "MesaGym/KeysChests-v0"
SEED, STEPS = 0, 40

Env = gym.Env[Any, Any]


class Episode(NamedTuple):
    """Return what was seen (the start first), and what each step gave."""

    seen: list[Any]
    rewards: list[float]
    truncated: list[bool]
    infos: list[dict[str, Any]]


def make() -> Env:
    """The bare environment."""
    return gym.make(ID, max_steps=STEPS, render_mode="rgb_array")


def play(env: Env, steps: int = STEPS) -> Episode:
    """Always the same level and actions."""
    episode = Episode([env.reset(seed=SEED)[0]], [], [], [])
    for action in np.random.default_rng(0).integers(0, 5, steps):
        observation, reward, _, truncated, info = env.step(action)
        episode.seen.append(observation)
        episode.rewards.append(float(reward))
        episode.truncated.append(truncated)
        episode.infos.append(info)
        assert env.observation_space.contains(observation)
    return episode


def channels_first(env: Env) -> Env:
    """As torch's convolutions want it."""
    height, width, channels = env.observation_space.shape or ()
    space = Box(0, 1, (channels, height, width), np.uint8)
    return wrappers.TransformObservation(env, lambda seen: seen.transpose(2, 0, 1), space)


def rescaled(env: Env) -> Env:
    """Planes of -1 and 1."""
    floats = wrappers.DtypeObservation(env, np.float32)
    return wrappers.RescaleObservation(floats, np.float32(-1), np.float32(1))


# The wrapper, and what it should show at step t of an episode whose plain observations are `seen`.
OBSERVATIONS: list[tuple[Callable[[Env], Env], Callable[[list[Any], int], Any]]] = [
    (wrappers.FlattenObservation, lambda seen, t: seen[t].ravel()),
    (
        lambda env: wrappers.FrameStackObservation(env, 3),
        lambda seen, t: np.stack([seen[max(0, i)] for i in (t - 2, t - 1, t)]),
    ),
    (channels_first, lambda seen, t: np.moveaxis(seen[t], -1, 0)),
    (rescaled, lambda seen, t: 2.0 * seen[t] - 1.0),
    (wrappers.TimeAwareObservation, lambda seen, t: np.append(seen[t], t)),
]
# What these ask for, a trap does not have.
REFUSED: list[tuple[Callable[[Env], Env], str]] = [
    (wrappers.ClipAction, "Box action space"),
    (lambda env: wrappers.DiscretizeAction(env, 3), "Box continuous actions"),
    (lambda env: wrappers.FilterObservation(env, ["image"]), "`Dict` and `Tuple`"),
    (wrappers.GrayscaleObservation, "3 channels"),  # but it takes observation="rgb"
]


def check_observations_and_rewards(plain: Episode) -> None:
    """One of them is as by hand, and all else as it was."""
    for wrap, expected in OBSERVATIONS:
        episode = play(wrap(make()))
        for t, observation in enumerate(episode.seen):
            np.testing.assert_array_equal(observation, expected(plain.seen, t))
        assert episode[1:] == plain[1:]
    halved = play(wrappers.TransformReward(make(), lambda reward: float(reward) / 2))
    assert halved.rewards == [reward / 2 for reward in plain.rewards]
    assert halved.infos == plain.infos


def check_statistics(plain: Episode) -> None:
    """The return of the episode is the sum of rewards, and what the base objective paid."""
    info = play(wrappers.RecordEpisodeStatistics(make())).infos[-1]
    paid = sum(info["reward_chests"] for info in plain.infos)
    assert info["episode"]["r"] == sum(plain.rewards) == paid > 0
    assert info["episode"]["l"] == STEPS


def check_limit_and_autoreset(plain: Episode) -> None:
    """With a limit of 7 steps, every eighth only resets; the stream's next level follows."""
    env = make()
    levels = [env.reset(seed=seed)[1]["level"] for seed in (SEED, None, None)]
    episode = play(wrappers.Autoreset(wrappers.TimeLimit(make(), 7)), 20)
    for t, (truncated, info) in enumerate(zip(episode.truncated, episode.infos, strict=True)):
        assert truncated == (t % 8 == 6)
        assert info["level"] == levels[(t + 1) // 8]
        assert t % 8 != 7 or not any(mesa_gym.objectives(info).values())


def check_frames(plain: Episode) -> None:
    """The frames that one wrapper keeps are those that another one shows."""
    kept, shown = wrappers.RenderCollection(make()), wrappers.AddRenderObservation(make())
    assert play(kept)[1:] == plain[1:]
    np.testing.assert_array_equal(kept.render(), play(shown).seen)


def refusal(wrap: Callable[[Env], Env]) -> str:
    """Return a wrapper's error on the environment."""
    try:
        wrap(make())
    except (TypeError, ValueError) as error:
        return str(error)
    raise AssertionError(f"{wrap} fits after all")


def check_refusals(plain: Episode) -> None:
    """Some wrappers need other spaces, and say so."""
    for wrap, reason in REFUSED:
        assert reason in refusal(wrap)


def main() -> None:
    """Try all of them."""
    checks = (
        check_observations_and_rewards,
        check_statistics,
        check_limit_and_autoreset,
        check_frames,
        check_refusals,
    )
    plain = play(make())
    for check in checks:
        check(plain)
        print(f"{check.__name__.removeprefix('check_').replace('_', ' ')}: {check.__doc__}")


if __name__ == "__main__":
    main()
