"""Environments: of one, of many, of SB3, torch and JAX."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import mesa_gym
from mesa_gym.engine import STAY
from mesa_gym.envs.observations import OBSERVATIONS
from tests.doors.doors import QUICK, door
from tests.doors.games import STEPS, WALKS

SHORT = 3  # steps by which observations are compared that only reshape the planes


@door("planes", "text")
@door(*[kind for kind in OBSERVATIONS if kind != "planes"], quick=QUICK)
def enter_make(games, variant):
    """Compare each observation, payments and ends of one environment."""
    steps = STEPS if variant in ("planes", "text") else SHORT
    for game in games.values():
        env = gym.make(game.trap.id(game.split), observation=variant)
        for number, episode in enumerate(game.episodes[: 2 if variant == "planes" else 1]):
            obs, info = env.reset(options={"level": episode.level})
            rows = [(obs, 0.0, False, False, info), *map(env.step, episode.actions[:steps])]
            shown, rewards, ends, cuts, infos = zip(*rows, strict=True)
            paid = {x: [float(mesa_gym.objectives(y)[x]) for y in infos[1:]] for x in episode.paid}
            yield (
                "observations",
                np.array(shown),
                np.array(game.observe(variant, number)[: steps + 1]),
            )
            yield from compare_steps(episode, rewards[1:], ends[1:], paid)
            assert not any(cuts)


@door(AutoresetMode.SAME_STEP)
@door(AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED, quick=QUICK)
def enter_make_vec(games, variant):
    """Compare the planes, payments and ends of two environments until each has ended."""
    for game in games.values():
        envs = gym.make_vec(game.trap.id(game.split), 2, autoreset_mode=variant)
        obs, _ = envs.reset(options={"level": game.levels})
        rows, on = Rows(game, obs), np.ones(2, np.bool_)
        for action in game.actions:
            obs, reward, ended, _, infos = envs.step(action)
            final = infos.get("final_obs", obs)
            rows.add(
                [x if y is None else y for x, y in zip(obs, final, strict=True)],
                reward,
                ended,
                mesa_gym.objectives(infos),
            )
            if variant is AutoresetMode.DISABLED and (over := ended & on).any():
                envs.reset(options={"reset_mask": over})
        yield from rows.compare()


@door()
def enter_make_sb3(games):
    """Compare the planes, rewards and ends; at an end also the sum of each objective."""
    pytest.importorskip("stable_baselines3")
    for game in games.values():
        env = mesa_gym.make_sb3(game.trap.id(game.split), 2)
        env.set_options([{"level": level} for level in game.levels])
        rows, totals = Rows(game, env.reset()), [{}, {}]
        for action in game.actions:
            obs, reward, done, infos = env.step(action)
            final = [
                info.get("terminal_observation", x) for x, info in zip(obs, infos, strict=True)
            ]
            rows.add(final, reward, done, None)
            totals = [total or info for total, info in zip(totals, infos, strict=True)]
        yield from rows.compare()
        for episode, total in zip(game.episodes, totals, strict=True):
            if episode.ends[-1]:
                sums = {f"reward_{x}": sum(paid) for x, paid in episode.paid.items()}
                yield "sums", {x: total[x] for x in sums}, pytest.approx(sums)


@door(quick=QUICK)
def enter_make_torch(games):
    """Compare the planes, payments and ends, in the rows whose seeds drew the game's levels."""
    torch = pytest.importorskip("torch")
    n = 10 * WALKS
    for game in games.values():
        envs = mesa_gym.make_torch(game.trap.id(game.split), n, num_levels=WALKS, seed=[*range(n)])
        obs, infos = envs.reset()
        here = [infos["level"].tolist().index(level) for level in game.levels]
        rows = Rows(game, obs[here].numpy())
        for action in game.actions:
            actions = torch.full((n,), STAY)
            actions[here] = torch.from_numpy(action)
            _, reward, ended, _, infos = envs.step(actions)
            paid = {x: y[here].numpy() for x, y in mesa_gym.objectives(infos).items()}
            rows.add(
                infos["final_obs"][here].numpy(), reward[here].numpy(), ended[here].numpy(), paid
            )
        yield from rows.compare()


@door("vmap", "batch", quick=QUICK[:1])
def enter_make_jax(games, variant):
    """Compare the planes, payments and ends in a program that takes the levels' tables."""
    jax = pytest.importorskip("jax")
    compiled = None
    for game in games.values():
        many = 2 if variant == "batch" else None
        env = mesa_gym.make_jax(game.trap.id(game.split), many, num_levels=WALKS)
        compiled = compiled or compile_walk(env, many is None)
        obs, (rewards, infos) = jax.tree.map(
            np.asarray, compiled(env.tables, np.array(game.levels), pad(game.actions))
        )
        rows = Rows(game, obs)
        for t, reward in enumerate(rewards):
            now = {name: values[t] for name, values in infos.items()}
            rows.add(now["final_obs"], reward, now["terminated"], mesa_gym.objectives(now))
        yield from rows.compare()


def compile_walk(env, single):
    """Return a compiled walk; ``single``: of one environment under ``vmap``."""
    import jax

    def run(tables, levels, actions):
        of_tables = env.with_tables(tables)
        begin, step = of_tables.reset_to_level, of_tables.step_to_level
        if single:
            begin, step = jax.vmap(begin), jax.vmap(step)

        def take(state, action):
            _, state, reward, _, infos = step(levels, state, action)
            return state, (reward, infos)

        obs, state = begin(levels)
        return obs, jax.lax.scan(take, state, actions)[1]

    return jax.jit(run, compiler_options={"xla_backend_optimization_level": 0})


def pad(actions):
    """Return actions with ``STAY`` up to the most steps, so that one program walks them all."""
    return np.concatenate([actions, np.full((STEPS - len(actions), 2), STAY)])


class Rows:
    """What two environments return, until each has ended."""

    def __init__(self, game, obs):
        self.game, self.steps = game, [(np.array(obs), np.zeros(2), np.zeros(2, np.bool_), {})]

    def add(self, obs, reward, ended, paid):
        """Add what a step returned: arrays whose first axis are the environments."""
        self.steps.append((np.array(obs), np.array(reward), np.array(ended), paid))

    def compare(self):
        """Yield what each environment returned in its first episode, beside the rules."""
        obs, rewards, ends, paid = zip(*self.steps, strict=True)
        for row, episode in enumerate(self.game.episodes):
            n = len(episode.ends) + 1
            of_row = {x: [y[x][row] for y in paid[1:n]] for x in episode.paid} if paid[-1] else None
            yield "planes", np.array([y[row] for y in obs[:n]]), self.game.observe("planes", row)
            yield from compare_steps(
                episode, [x[row] for x in rewards[1:n]], [x[row] for x in ends[1:n]], of_row
            )


def compare_steps(episode, rewards, ends, paid):
    """Yield rewards, ends and payments of an episode's first steps, beside the rules."""
    n = len(rewards)
    yield (
        "rewards",
        np.array(rewards),
        np.array(episode.rewards[:n]).astype(np.array(rewards).dtype),
    )
    yield "ends", [*map(bool, ends)], episode.ends[:n]
    if paid is not None:
        for x, of_objective in paid.items():
            expected = np.array(episode.paid[x][:n])
            yield x, np.array(of_objective), expected.astype(np.array(of_objective).dtype)
