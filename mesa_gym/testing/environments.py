"""Checks of what a trap's environments show: observations, rewards, infos."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from mesa_gym.envs.observations import OBSERVATIONS, decode, make_observation
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.grid import ACTIONS, State
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.explored import arrays_of, difference, explore, joined, some
from mesa_gym.traps import Split, Trap

# Pictures are large: so many states a split are drawn.
SHOWN = 256
# SB3 takes every three-dimensional Box for a picture, which planes, ending at 1, are not.
NO_PICTURE = (
    "It seems that your observation +(space +)?is an image but the",
    "The minimal resolution for an image is 36x36",
    "Treating image space as channels-last",
)


def kinds_of(trap: Trap) -> list[str]:
    """The observations that a trap offers."""
    return [kind for kind in OBSERVATIONS if kind != "symbolic" or trap.symbolic]


@check
def check_observations(trap: Trap, levels: int = SAMPLE) -> None:
    """Observations fit their space, belong to the caller and never show what is hidden."""
    for split in Split:
        explored = explore(trap, split, levels)
        state = some(joined([explored.state, explored.final]), SHOWN)
        for kind in kinds_of(trap):
            _check_observation(trap, split, state, kind)


def _check_observation(trap: Trap, split: Split, state: State, kind: str) -> None:
    observation = make_observation(trap, kind)
    given = state.copy()
    seen, again = observation.encode(given), observation.encode(given)
    space = observation.space
    if seen.dtype != space.dtype or seen.shape != (len(state), *space.shape):
        raise ConformanceError(
            f"observation {kind!r} is {seen.dtype} {seen.shape[1:]}; its space says"
            f" {space.dtype} {space.shape}",
            split,
        )
    outside = ((seen < space.low) | (seen > space.high)).reshape(len(state), -1).any(axis=1)
    if outside.any():
        raise ConformanceError(
            f"observation {kind!r} holds a value outside of its space; planes are 0 or 1",
            split,
            int(state.level[outside.argmax()]),
        )
    for name, array in {**arrays_of(given), "another observation": again}.items():
        if np.may_share_memory(seen, array):
            raise ConformanceError(f"observation {kind!r} shares memory with `{name}`", split)
    if found := difference(arrays_of(state), arrays_of(given)):
        raise ConformanceError(f"observation {kind!r} changes `{found[0]}` of the state", split)
    given.hidden[:] = np.random.default_rng(0).integers(0, 2, given.hidden.shape)
    given.clock += 1
    shown = difference({"seen": seen}, {"seen": observation.encode(given)})
    if shown:
        raise ConformanceError(
            f"observation {kind!r} changes with hidden planes, once-marks or the clock, which no"
            " agent may see",
            split,
            int(state.level[shown[1]]),
        )


@check
def check_symbolic(trap: Trap, levels: int = SAMPLE) -> None:
    """The symbolic observation, where it is offered, decodes to the planes of every state."""
    if not trap.symbolic:
        return
    observation = make_observation(trap, "symbolic")
    for split in Split:
        explored = explore(trap, split, levels)
        for state in (explored.state, explored.final):
            planes = decode(observation.encode(state), trap)
            if found := difference({"planes": state.planes}, {"planes": planes}):
                raise ConformanceError(
                    "the symbolic observation of a state stands for other planes; declare"
                    " `symbolic = False`",
                    split,
                    int(state.level[found[1]]),
                )


@check
def check_objectives(trap: Trap, levels: int = SAMPLE) -> None:
    """Every step reports every objective, finite float64, and the base objective is the reward."""
    for split in Split:
        state = explore(trap, split, levels).state
        for action in range(len(ACTIONS)):
            paid = trap.step(state, np.full(len(state), action))[1].paid
            _check_paid(trap, split, state, paid)
        env = TrapEnv(trap, split=split)
        env.reset(options={"level": 0})
        _, reward, _, _, info = env.step(0)
        reported = info["objectives"]
        if [*reported] != [*trap.objectives] or reward != reported[trap.base]:
            raise ConformanceError(
                f"a step with the reward {reward} reports the objectives {reported}; expected"
                f" {', '.join(trap.objectives)}, {trap.base!r} being the reward",
                split,
                0,
            )


def _check_paid(trap: Trap, split: Split, state: State, paid: dict[str, np.ndarray]) -> None:
    if [*paid] != [*trap.objectives]:
        raise ConformanceError(
            f"a step pays {', '.join(paid)}; expected {', '.join(trap.objectives)}", split
        )
    for name, pay in paid.items():
        if pay.dtype != np.float64 or pay.shape != (len(state),):
            raise ConformanceError(
                f"objective {name!r} pays {pay.dtype} {pay.shape} for {len(state)} levels;"
                " expected one bool or float64 for each",
                split,
            )
        if not np.isfinite(pay).all():
            row = int((~np.isfinite(pay)).argmax())
            raise ConformanceError(
                f"objective {name!r} pays {pay[row]}; payments are finite",
                split,
                int(state.level[row]),
            )


@check
def check_gymnasium(trap: Trap, levels: int = SAMPLE) -> None:
    """Gymnasium's ``check_env`` finds nothing, a warning included, on any split and observation."""
    for split in Split:
        for kind in kinds_of(trap):
            with _strictly(split, kind):
                # Rendering needs a registered id and asks nothing of the trap.
                check_env(TrapEnv(trap, split=split, observation=kind), skip_render_check=True)


@check
def check_sb3(trap: Trap, levels: int = SAMPLE) -> None:
    """The same of Stable-Baselines3's ``check_env``; passed over where SB3 is not installed."""
    if importlib.util.find_spec("stable_baselines3") is None:
        return
    from stable_baselines3.common import env_checker

    for split in Split:
        for kind in kinds_of(trap):
            with _strictly(split, kind):
                for message in NO_PICTURE if kind != "rgb" else ():
                    warnings.filterwarnings("ignore", message)
                env = TrapEnv(trap, split=split, observation=kind, render_mode="rgb_array")
                # The checker draws actions without a seed, and what it finds would be luck.
                env.action_space.seed(0)
                env_checker.check_env(env)


@contextmanager
def _strictly(split: Split, kind: str) -> Iterator[None]:
    """Warnings are errors, and an error says on which split and observation."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            yield
        except Exception as error:
            raise ConformanceError(
                f"with observation {kind!r}: {type(error).__name__}: {error}", split
            ) from error


@check
def check_vector(trap: Trap, levels: int = SAMPLE) -> None:
    """The vector environment gives what ``SyncVectorEnv`` over single ones gives, bit for bit."""
    n = 5
    keywords: dict[str, Any] = {"max_steps": 23, "alpha": 0.5}
    for mode in AutoresetMode:
        ours = TrapVectorEnv(trap, n, autoreset_mode=mode, **keywords)
        theirs = SyncVectorEnv([lambda: TrapEnv(trap, **keywords)] * n, autoreset_mode=mode)
        for step, results in enumerate(_played((ours, theirs), 60)):
            if where := unlike(*results):
                raise ConformanceError(
                    f"with autoreset {mode.value!r}, result {where} of call {step} is not what"
                    " single environments give; see that rules and objectives do not mix rows"
                )


@check
def check_ownership(trap: Trap, levels: int = SAMPLE) -> None:
    """What environments return is never used again: overwriting it changes nothing."""
    keywords: dict[str, Any] = {"max_steps": 12, "alpha": 0.5, "num_levels": 9}
    for mode in AutoresetMode:
        both = tuple(TrapVectorEnv(trap, 5, autoreset_mode=mode, **keywords) for _ in range(2))
        kept: list[np.ndarray] = []
        for step, (ours, theirs) in enumerate(_played(both, 30)):
            where = unlike(ours, theirs)
            arrays = list(_leaves(ours))
            shared = any(np.may_share_memory(a, b) for a in arrays for b in kept)
            if where or shared:
                raise ConformanceError(
                    f"with autoreset {mode.value!r}, call {step} returned memory that is in use"
                    " elsewhere; return fresh arrays"
                )
            kept += arrays
            for array in arrays:
                array[...] = 1


def _played(both: Any, steps: int) -> Iterator[tuple[Any, Any]]:
    """The results of both environments under the same seeds and random actions."""
    rng = np.random.default_rng(0)
    yield tuple(env.reset(seed=5) for env in both)
    for _ in range(steps):
        actions = rng.integers(0, len(ACTIONS), both[0].num_envs)
        results = [env.step(actions.copy()) for env in both]
        done = results[1][2] | results[1][3]
        yield results[0], results[1]
        if both[0].autoreset_mode is AutoresetMode.DISABLED and done.any():
            yield tuple(env.reset(options={"reset_mask": done.copy()}) for env in both)


def unlike(ours: Any, theirs: Any, where: str = "") -> str | None:
    """Where two nested results differ in type, dtype, shape or value; None where they do not."""
    if type(ours) is not type(theirs):
        return f"{where} (type)"
    if isinstance(ours, dict):
        if ours.keys() != theirs.keys():
            return f"{where} (keys)"
        pairs = [(f"{where}[{key!r}]", ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, tuple) or (isinstance(ours, np.ndarray) and ours.dtype == object):
        if len(ours) != len(theirs):
            return f"{where} (length)"
        pairs = [(f"{where}[{i}]", *both) for i, both in enumerate(zip(ours, theirs, strict=True))]
    elif isinstance(ours, np.ndarray):
        same = ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
        return None if same else where
    else:
        return None if ours == theirs else where
    return next((found for at, a, b in pairs if (found := unlike(a, b, at))), None)


def _leaves(result: Any) -> Iterator[np.ndarray]:
    """The arrays in a nested result, those in arrays of objects included."""
    if isinstance(result, np.ndarray):
        if result.dtype == object:
            for value in result:
                yield from _leaves(value)
        yield result
    elif isinstance(result, dict | tuple):
        for value in result.values() if isinstance(result, dict) else result:
            yield from _leaves(value)
