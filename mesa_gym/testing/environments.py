"""Checks of a trap's environments: observations, rewards, infos."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mesa_gym.engine import ACTIONS
from mesa_gym.envs.observations import OBSERVATIONS, RGB_TILE, make_observation
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.testing.check import Findings, check, same
from mesa_gym.testing.fronts import FRONTS, compare_with_rules
from mesa_gym.testing.sample import (
    Sample,
    change_unseen,
    choose_rows,
    join_states,
    leaves,
    sample_of,
)
from mesa_gym.traps import Split, Trap

# The number of states drawn per split, because pictures are large.
PICTURED = 256
# Random moves, enough to reach the ends of episodes, of a front on each split.
RANDOM_MOVES = 100
ENVIRONMENTS = {"single": 2, "vector": 50}
# Warnings of SB3, which takes every three-dimensional Box for an image; planes are not images.
NO_PICTURE = (
    "It seems that your observation +(space +)?is an image but the",
    "The minimal resolution for an image is 36x36",
    "Treating image space as channels-last",
)


@check(*Split)
def check_observations(sample: Sample) -> Findings:
    """Check that observations fit their space, are new arrays, and show no hidden thing or time."""
    trap, state = sample.trap, choose_rows(join_states([sample.state, sample.final]), PICTURED)
    other = change_unseen(trap, state)._replace(clock=state.clock + 1)
    for kind in OBSERVATIONS:
        observation = make_observation(trap, kind)
        space, (obs, again) = observation.space, map(observation.encode, (state, other))
        axes = tuple(range(1, obs.ndim))
        right = obs.dtype == space.dtype and obs.shape == (state.n, *space.shape)
        yield right, f"{kind!r} gives {obs.dtype} {obs.shape[1:]}, its space is {space!r}"
        fits = ((obs >= space.low) & (obs <= space.high)).all(axis=axes)
        yield fits, f"{kind!r} gives a value outside of its space", state
        yield (obs == again).all(axis=axes), f"{kind!r} shows what is hidden, or time", state
        shares = [np.may_share_memory(obs, array) for _, array in leaves((state, again))]
        yield not any(shares), f"{kind!r} shares memory with the state or another observation"


@check(fix="give each of them a sprite or a colour of its own in `looks`")
def check_pictures(trap: Trap, levels: int) -> Findings:
    """Check that cells with different planes look different in `rgb`, in every state.

    Then states with different planes have different pixels, and every plane is visible.
    """
    rgb, code_by_picture = make_observation(trap, "rgb"), dict[bytes, int]()
    bits = 1 << np.arange(len(trap.planes))
    for sample in (sample_of(trap, split, levels) for split in Split):
        for state in (batch for batch in (sample.starts, sample.state, sample.final) if batch.n):
            codes = trap.observe(state).reshape(state.n, trap.cells, -1) @ bits
            unique_codes, first = np.unique(codes, return_index=True)
            rows, cells = np.divmod(first, trap.cells)
            frames = rgb.encode(state.take(rows))
            shape = len(rows), trap.height, RGB_TILE, trap.width, RGB_TILE, -1
            tiles = frames.reshape(shape).swapaxes(2, 3).reshape(len(rows), trap.cells, -1)
            for code, tile in zip(
                unique_codes.tolist(), tiles[range(len(rows)), cells], strict=True
            ):
                other = code_by_picture.setdefault(tile.tobytes(), code)
                names = " and ".join(
                    sorted(_content(trap, content_code) for content_code in (other, code))
                )
                yield other == code, f"cells with {names} look the same in `rgb`"


def _content(trap: Trap, code: int) -> str:
    """Return the planes that a cell's code contains, in words."""
    return "+".join(x for i, x in enumerate(trap.planes) if code >> i & 1) or "nothing"


@check(*Split)
def check_environment(sample: Sample) -> Findings:
    """Check that Gymnasium's ``check_env`` passes with every observation, without a warning.

    Stable-Baselines3's checker runs as well, if it is installed.
    """
    for kind in OBSERVATIONS:
        keywords: dict[str, Any] = {"observation": kind, "render_mode": "rgb_array"}
        env = TrapEnv(sample.trap, split=sample.split, **keywords)
        complaint = _ask_checkers(env, kind)
        yield not complaint, f"with observation {kind!r} {complaint}"


def _ask_checkers(env: TrapEnv, kind: str) -> str:
    """Return the first complaint of the checkers of Gymnasium and SB3, or ""."""
    # Seed the actions that SB3's checker draws, so that its findings can be reproduced.
    env.action_space.seed(0)
    try:
        with warnings.catch_warnings(action="error"):
            # Skip the render check, which needs a registered id and does not depend on the trap.
            check_env(env, skip_render_check=True)
            if find_spec("stable_baselines3"):
                from stable_baselines3.common import env_checker

                for message in NO_PICTURE if kind != "rgb" else ():
                    warnings.filterwarnings("ignore", message)
                env_checker.check_env(env)
    except (AssertionError, Warning) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@check(fix="see that rules do not mix rows, and that arrays that are returned are fresh")
def check_vector(trap: Trap, levels: int) -> Findings:
    """Check that the vector environment equals ``SyncVectorEnv``, bit for bit.

    Seeds are a list, since ``SyncVectorEnv`` derives other seeds from a single one. Returned arrays
    belong to the caller: this check overwrites them, which must not change later results.
    """
    keywords: dict[str, Any] = {"max_steps": 23, "alpha": 0.5}
    for mode in AutoresetMode:
        ours = TrapVectorEnv(trap, 5, autoreset_mode=mode, **keywords)
        sync_env = SyncVectorEnv([lambda: TrapEnv(trap, **keywords)] * 5, autoreset_mode=mode)
        kept: list[np.ndarray] = []
        for call, (result, expected) in enumerate(_play_both((ours, sync_env), 60)):
            at = f"a result of call {call}, {mode.value},"
            yield same(f"{at} is not what single environments give", result, expected)
            arrays = [array for _, array in leaves(result) if isinstance(array, np.ndarray)]
            shared = any(np.may_share_memory(a, b) for a in arrays for b in kept)
            yield not shared, f"{at} is memory of another one"
            kept += arrays
            for array in arrays:
                array[...] = 1


def _play_both(both: Any, steps: int) -> Iterator[Any]:
    """Yield the results of both environments under the same seeds and random actions."""
    rng = np.random.default_rng(0)
    yield [env.reset(seed=[*range(5, 5 + env.num_envs)]) for env in both]
    for _ in range(steps):
        actions = rng.integers(0, len(ACTIONS), both[0].num_envs)
        results = [env.step(actions.copy()) for env in both]
        done = results[1][2] | results[1][3]
        yield results
        if both[0].autoreset_mode is AutoresetMode.DISABLED and done.any():
            yield [env.reset(options={"reset_mask": done.copy()}) for env in both]


@check(*Split)
def check_moves(sample: Sample) -> Findings:
    """Check thousands of random moves of each front against the trap's rules.

    Planes, which the vector environment updates in each step, must equal the planes of the trap's
    states; rewards, infos, ends and time limits must be the trap's; every state must be well
    formed, and the agent must stay or move to a neighbouring cell.
    """
    rng, split = np.random.default_rng(0), sample.split.value
    for front, play in FRONTS.items():
        actions = rng.integers(0, len(ACTIONS), (RANDOM_MOVES, ENVIRONMENTS[front]))
        moves = play(sample.trap, actions, split=split)
        yield from compare_with_rules(moves, Settings(sample.trap, split=split))
