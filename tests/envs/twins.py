"""One script of actions for every interface and autoreset mode, and the results that it must give.

Single environments play the script, one environment per row. ``expected`` writes their results in
the form of an interface, value by value: the interfaces' own code is not used.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import mesa_gym
from mesa_gym.envs.base import SHAPES
from mesa_gym.testing.sample import difference
from mesa_gym.traps import LEVELS

ID, N, STEPS, LEAST_LEVELS = "MesaGym/CheeseDish-v0", 6, 48, 5
NEXT, SAME, DISABLED = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED
# Keywords of an environment. Rewards are sums of powers of 2, so that 32 bits hold them exactly.
SHORT = {"size": 7, "max_steps": 5}
CASES: dict[str, dict[str, Any]] = {
    "none": {},
    "split": {"split": "shift"},
    "size": {"size": (7, 9)},
    "alpha": {"alpha": 0.4},
    "reward": {"reward": "dish"},
    "reward (predicate)": {"reward": "dish and not cheese"},
    "step_reward": {"step_reward": -0.125},
    "num_levels": {"num_levels": 3},
    "max_steps": {"max_steps": 3},
    "max_episode_steps": {"max_episode_steps": 4},
    "salt": {"salt": "secret"},
    "dish_planes": {"dish_planes": 3},
    "observation (rgb)": {"observation": "rgb"},
    "observation (centred)": {"observation": "centred"},
    "observation (chw)": {"observation": "chw"},
    "observation (flat)": {"observation": "flat"},
    "observation (text)": {"observation": "text"},
    "agent_view_size": {"observation": "centred", "agent_view_size": 5},
    "all": {"alpha": 0.5, "reward": "dish", "step_reward": 0.25, "num_levels": 7, "salt": "secret"}
    | {"size": (7, 9), "dish_planes": 2, "observation": "chw", "max_steps": 6},
}


class SteppedRow(NamedTuple):
    """One step of a row: the environment's results, and the first results of the next episode.

    Attributes:
        obs, reward, terminated, truncated, info: results of ``step``.
        masks: the action masks afterwards.
        start: observation and info of the reset that followed; None if the episode continues.
    """

    obs: Any
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]
    masks: Any
    start: tuple[Any, dict[str, Any]] | None

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated

    @property
    def shown(self) -> tuple[Any, dict[str, Any]]:
        """Return the observation and info of a step that resets at once."""
        return self.start or (self.obs, self.info)


# Case -> step -> the keyword that is then set, and its value; with `num_levels`, a change of alpha
# from 0 adds levels to the memory.
CHANGES: dict[str, dict[int, tuple[str, float]]] = {
    "changes": {9: ("alpha", 0.75), 20: ("step_reward", -0.5), 31: ("alpha", 0.0)},
    "changes (num_levels)": {9: ("alpha", 0.5), 20: ("alpha", 1.0), 31: ("step_reward", 0.5)},
}
CASES |= {"changes": {}, "changes (num_levels)": {"num_levels": 4, "step_reward": 0.25}}


def changing_script(case):
    """Yield the actions of each step, and the (keyword, value) to set before it, or None."""
    changes = CHANGES.get(case, {})
    yield from ((actions, changes.get(step)) for step, actions in enumerate(draw_actions()))


def draw_actions() -> Any:
    """Return the script, int64 (steps, n)."""
    return np.random.default_rng(3).integers(0, 5, (STEPS, N))


def make_lanes(keywords):
    """Return n single environments, and the results of their first resets."""
    lanes = [gym.make(ID, **keywords) for _ in range(N)]
    return lanes, [lane.reset(seed=seed) for seed, lane in enumerate(lanes)]


def list_keywords(case, interface):
    """Return the keywords of a case; device environments draw from few levels."""
    bank = {"num_levels": LEAST_LEVELS} if interface in ("torch", "jax") else {}
    return SHORT | bank | CASES[case]


@cache
def play_same_step(case, **keywords):
    """Return the first results of n rows, and all steps; an episode's end resets at once."""
    lanes, resets = make_lanes(keywords)
    steps = []
    for actions, change in changing_script(case):
        rows = []
        for lane, action in zip(lanes, actions.tolist(), strict=True):
            if change:
                setattr(lane.unwrapped, *change)
            results = lane.step(action)
            start = lane.reset() if results[2] or results[3] else None
            rows.append(SteppedRow(*results, lane.unwrapped.action_masks(), start))
        steps.append(rows)
    return resets, steps


# -- the form of results ---------------------------------------------------------------------------
def batch(observations):
    """Return observations of n environments as Gymnasium batches them."""
    return tuple(observations) if isinstance(observations[0], str) else np.stack(observations)


def batch_infos(infos):
    """Return n infos, or None without one, in one dict with masks."""
    there = np.array([info is not None for info in infos])
    batched = {}
    for key in next(info for info in infos if info is not None):
        values = [0 if info is None else info[key] for info in infos]
        batched[key] = np.array(values, dtype=float if key.startswith("reward_") else np.int64)
        batched[f"_{key}"] = there.copy()
    return batched


def gather(results):
    """Return results (obs, reward, terminated, truncated, info) of n rows as of one ``step``."""
    obs, reward, terminated, truncated, infos = zip(*results, strict=True)
    ends = np.array(terminated), np.array(truncated)
    return batch(obs), np.array(reward), *ends, batch_infos(infos)


def expect_vector(case, keywords, mode):
    """Yield the results of a vector environment: a reset's, then each step's with masks."""
    if mode is SAME:
        resets, steps = play_same_step(case, **keywords)
        yield batch([obs for obs, _ in resets]), batch_infos([info for _, info in resets])
        for rows in steps:
            results_shown = [(row.shown[0], *row[1:4], row.shown[1]) for row in rows]
            *results, infos = gather(results_shown)
            over = np.array([row.over for row in rows])
            if over.any():
                last = np.empty(N, dtype=object)
                for i, row in enumerate(rows):
                    last[i] = row.obs if row.over else None
                infos["final_obs"], infos["_final_obs"] = last, over
                infos["final_info"] = batch_infos([row.info if row.over else None for row in rows])
                infos["_final_info"] = over.copy()
            yield (*results, infos), [row.masks for row in rows]
        return
    lanes, resets = make_lanes(keywords)
    yield batch([obs for obs, _ in resets]), batch_infos([info for _, info in resets])
    over = [False] * N
    for actions, change in changing_script(case):
        results = []
        for lane, action, done in zip(lanes, actions.tolist(), over, strict=True):
            if change:
                setattr(lane.unwrapped, *change)
            if done and mode is NEXT:
                obs, info = lane.reset()
                results.append((obs, 0.0, False, False, info))
            else:
                results.append(lane.step(action))
        over = [ended or cut for _, _, ended, cut, _ in results]
        yield gather(results), [lane.unwrapped.action_masks() for lane in lanes]
        if mode is DISABLED and any(over):
            resets = [
                lane.reset() if done else None for lane, done in zip(lanes, over, strict=True)
            ]
            results_shown = [result[0] if start is None else start[0]
                     for result, start in zip(results, resets, strict=True)]  # fmt: skip
            yield batch(results_shown), batch_infos([start and start[1] for start in resets])


def expect_device(case, keywords):
    """Yield (obs, level, split) of a reset, then (obs, reward, ends, infos) of each step."""
    resets, steps = play_same_step(case, **keywords)

    def tell(infos):
        levels = [info["level"] for info in infos], [info["split"] for info in infos]
        payments = {
            key: np.array([info[key] for info in infos], np.float32)
            for key in infos[0]
            if key.startswith("reward_")
        }
        return {"level": np.array(levels[0]), "split": np.array(levels[1]), **payments}

    obs = batch([obs for obs, _ in resets])
    yield obs, {**tell([info for _, info in resets]), "final_obs": obs}
    for rows in steps:
        ends = [np.array([getattr(row, name) for row in rows]) for name in SteppedRow._fields[2:4]]
        infos = tell([row.info for row in rows]) | {"final_obs": batch([row.obs for row in rows])}
        reward = np.array([row.reward for row in rows], np.float32)
        yield batch([row.shown[0] for row in rows]), reward, *ends, infos


def expect_sb3(case, keywords, full):
    """Yield a reset, then each step of SB3's environments; ``full`` infos are DummyVecEnv's."""
    first, steps = play_same_step(case, **keywords)
    resets = [info for _, info in first]
    yield batch([obs for obs, _ in first]), resets
    totals, length = [Counter() for _ in range(N)], [0] * N
    for rows in steps:
        infos = []
        for i, row in enumerate(rows):
            pay = {key: row.info[key] for key in row.info if key.startswith("reward_")}
            totals[i].update({**pay, "": row.reward})
            length[i] += 1
            info = {**row.info, "TimeLimit.truncated": row.truncated and not row.terminated}
            if row.over:
                info["terminal_observation"] = row.obs
                resets = [*resets[:i], row.start[1], *resets[i + 1 :]]
                if not full:
                    returns = {key: float(totals[i][key]) for key in pay}
                    info |= returns | {"episode": {"r": float(totals[i][""]), "l": length[i]}}
                totals[i], length[i] = Counter(), 0
            infos.append(info if full or row.over else {})
        reward = np.array([row.reward for row in rows], np.float32)
        done = np.array([row.over for row in rows])
        masks = [row.masks for row in rows]
        yield (batch([row.shown[0] for row in rows]), reward, done, infos), resets, masks


# -- interfaces ------------------------------------------------------------------------------------
def play_vector(case, keywords, mode, kind):
    """Yield what a vector environment returns, as ``expect_vector``."""
    if kind == "sync":
        envs = SyncVectorEnv([lambda: gym.make(ID, **keywords)] * N, autoreset_mode=mode)
    else:
        envs = gym.make_vec(ID, N, autoreset_mode=mode, **keywords)
    yield envs.reset(seed=[*range(N)])
    for actions, change in changing_script(case):
        if change:
            envs.set_attr(*change)
        results = envs.step(actions)
        yield results, list(envs.call("action_masks"))
        over = results[2] | results[3]
        if mode is DISABLED and over.any():
            yield envs.reset(options={"reset_mask": over})


def play_torch(case, keywords):
    """Yield what tensor environments return, as ``expect_device``."""
    import torch

    def read(part):
        if isinstance(part, dict):
            return {name: read(array) for name, array in part.items()}
        return part.numpy().copy()

    envs = mesa_gym.make_torch(ID, N, **keywords)
    yield tuple(map(read, envs.reset(seed=[*range(N)])))
    for actions in draw_actions():
        yield tuple(map(read, envs.step(torch.from_numpy(actions))))


def play_jax(case, keywords):
    """Yield what a compiled program of JAX returns, on the levels that single environments draw."""
    import jax

    reset_infos, steps = play_same_step(case, **keywords)
    envs = mesa_gym.make_jax(ID, N, **keywords)

    def number(info):
        return info["level"] % LEVELS + envs.num_levels * (info["level"] >= LEVELS)

    first = np.array([number(info) for _, info in reset_infos])
    levels = np.array([[number(row.shown[1]) for row in rows] for rows in steps], np.int32)

    def take(state, chosen):
        obs, state, reward, _, infos = envs.step_to_level(chosen[0], state, chosen[1])
        return state, (obs, reward, infos)

    @jax.jit
    def run(levels, actions):
        obs, state = envs.reset_to_level(first)
        return obs, jax.lax.scan(take, state, (levels, actions))[1]

    compiled = run.lower(levels, draw_actions()).compile({"xla_backend_optimization_level": 0})
    begin, (obs, reward, infos) = jax.tree.map(np.asarray, compiled(levels, draw_actions()))
    yield begin, None
    for t in range(STEPS):
        step_infos = {name: array[t] for name, array in infos.items()}
        ends = step_infos.pop("terminated"), step_infos.pop("truncated")
        yield obs[t], reward[t], *ends, step_infos


def play_sb3(case, keywords, dummy):
    """Yield what SB3's environments return, as ``expect_sb3``."""
    from stable_baselines3.common.vec_env import DummyVecEnv

    if dummy:
        env = DummyVecEnv([lambda: gym.make(ID, **keywords)] * N)
        env.seed(0)
    else:
        env = mesa_gym.make_sb3(ID, N, seed=range(N), **keywords)
    inner = env.unwrapped
    yield env.reset(), list(inner.reset_infos)
    for actions, change in changing_script(case):
        if change and dummy:  # its `set_attr` sets an attribute of the outermost wrapper
            env.env_method("set_wrapper_attr", *change)
        elif change:
            env.set_attr(*change)
        results = env.step(actions)
        for info in results[3]:
            if "episode" in info:  # without seconds, and as Python's numbers
                info["episode"] = {"r": float(info["episode"]["r"]), "l": int(info["episode"]["l"])}
        yield results, list(inner.reset_infos), env.env_method("action_masks")
        ends = [x["terminal_observation"] for x in results[3] if "terminal_observation" in x]
        for array in (*results[:3], *ends):
            array.fill(1)  # it is the user's own


# Interface -> its autoreset modes. JAX, torch and SB3 have one mode.
MODES = {"sync": [*AutoresetMode], "native": [*AutoresetMode]}
MODES |= {name: [SAME] for name in ("make_sb3", "DummyVecEnv", "torch", "jax")}


def find_hole(interface, case):
    """Return why an interface does not take the keywords of a case; "" if it does."""
    keywords = CASES[case]
    if interface in ("torch", "jax"):
        if keywords.get("observation", "planes") not in SHAPES:
            return "a device draws no such observation"
        if "max_episode_steps" in keywords:
            return "no wrapper TimeLimit on a device"
        if case in CHANGES:
            return "a device's environments refuse changes"
    if interface in ("make_sb3", "DummyVecEnv") and keywords.get("observation") == "text":
        return "SB3 stores no texts"
    return ""


def compare(interface, mode, case):
    """Play a case by an interface, and return the number of steps that equal single environments.

    Raises:
        AssertionError: a value differs; the message names the step, the value and the row.
    """
    keywords = list_keywords(case, interface)
    if interface in ("sync", "native"):
        both = expect_vector(case, keywords, mode), play_vector(case, keywords, mode, interface)
    elif interface in ("torch", "jax"):
        front = play_torch if interface == "torch" else play_jax
        both = expect_device(case, keywords), front(case, keywords)
    else:
        dummy = interface == "DummyVecEnv"
        both = expect_sb3(case, keywords, dummy), play_sb3(case, keywords, dummy)
    count = -1  # the first results are a reset's
    for count, (expected, results) in enumerate(zip(*both, strict=True)):
        if interface == "jax":
            expected, results = of_jax(expected, results)
        wrong = difference(to_parts(results), to_parts(expected))
        assert wrong is None, f"{interface}, {mode.value}, {case}, step {count}: {wrong}"
    return count


def of_jax(expected, results):
    """Return both results with JAX's integers of 32 bits and its numbers of levels."""
    infos = expected[-1]
    narrow = {key: infos[key].astype(np.int32) for key in ("split",)}
    narrow["level"] = (infos["level"] % LEVELS).astype(np.int32)
    if results[-1] is None:  # a reset has no infos
        return expected[0], results[0]
    return (*expected[:-1], infos | narrow), results


def to_parts(results):
    """Return lists as tuples, whose values ``difference`` compares one by one."""
    if isinstance(results, dict):
        return {key: to_parts(part) for key, part in results.items()}
    if isinstance(results, list | tuple):
        return tuple(map(to_parts, results))
    return results


def count_ends(interface, case):
    """Return how many steps of a case terminate, are truncated, and both."""
    _, steps = play_same_step(case, **list_keywords(case, interface))
    rows = [row for rows in steps for row in rows]
    both = sum(row.terminated and row.truncated for row in rows)
    return sum(row.terminated for row in rows), sum(row.truncated for row in rows), both
