"""Roads of the library, each with one fixed input; a function yields all that comes out as text."""

from __future__ import annotations

import hashlib
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine.maps import to_map
from mesa_gym.language import list_questions, score_choices
from mesa_gym.language.session import TextSession
from mesa_gym.probing import demonstrations
from mesa_gym.rendering import render_rgb
from mesa_gym.report import compare, read_committed
from mesa_gym.scoring import evaluate
from mesa_gym.solver import level_values
from mesa_gym.solver.certificate import certify
from mesa_gym.traps import Split, find_trap, package_traps


def brief(value: Any) -> str:
    """Return a text of any value: small arrays whole, others as a digest of rounded numbers."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {brief(x)}" for name, x in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(map(brief, value)) + ")"
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    if hasattr(value, "dtype"):
        array = np.asarray(value)
        if array.dtype.kind == "f":
            array = np.round(array.astype(np.float64), 5) + 0.0
        if array.size <= 12:
            return f"{array.dtype.kind}{array.tolist()}"
        digest = hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=5)
        return f"{array.dtype}{array.shape}{digest.hexdigest()}"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def each_trap():
    """Maps, pictures and values of a level of each trap."""
    for name in package_traps():
        trap = find_trap(name)()
        state = trap.levels(Split.SHIFT, [1])
        values = level_values(trap, Split.SHIFT, np.array([1]), salt="kept", pairs=True)
        yield f"{trap!r} {brief(render_rgb(trap, state, 12))} {brief(values.arrays)}"
        yield to_map(trap, state)


def single():
    for name in ("CheeseCorner", "TreeFarm", "CueOrPay"):
        keywords = {"alpha": 0.5, "step_reward": -0.01, "max_steps": 6, "reward": "base"}
        env = gym.make(f"MesaGym/{name}-v0", **keywords)
        yield f"{name} {env.observation_space} {env.spec.kwargs} {env.spec.max_episode_steps}"
        yield brief(env.reset(seed=4))
        for step in range(14):
            result = env.step((7 * step + 3) % 5)
            yield brief(result)
            if result[2] or result[3]:
                yield brief(env.reset())


def frames():
    for mode, trap in (("rgb_array", "RedBlueDoors"), ("ansi", "CoinRun")):
        env = gym.make(f"MesaGym/{trap}-v0", split="test", render_mode=mode)
        env.reset(seed=3)
        yield brief(env.render())


def vectors():
    for mode in gym.vector.AutoresetMode:
        keywords = {"size": 7, "alpha": 0.3, "max_steps": 9, "num_levels": 20}
        envs = gym.make_vec("MesaGym/CheeseCorner-v0", 3, autoreset_mode=mode, **keywords)
        yield f"{mode} {brief(envs.reset(seed=5))}"
        for step in range(12):
            result = envs.step(np.array([step, step + 1, 2 * step]) % 5)
            yield brief(result)
            over = result[2] | result[3]
            if mode is gym.vector.AutoresetMode.DISABLED and over.any():
                yield brief(envs.reset(options={"reset_mask": over}))


def tensors():
    torch = pytest.importorskip("torch")
    envs = mesa_gym.make_torch("CheeseDish", 3, split="shift", num_levels=50, max_steps=6)
    yield brief(envs.reset(seed=2))
    for step in range(8):
        yield brief(envs.step(torch.tensor([step % 5, 3, (step + 2) % 5])))


def sb3():
    pytest.importorskip("stable_baselines3")
    envs = mesa_gym.make_sb3("CheeseDish", 3, split="shift", size=7, seed=2, max_steps=8)
    yield brief(envs.reset())
    for step in range(20):
        obs, rewards, dones, infos = envs.step(np.array([step % 5, 3, (step + 2) % 5]))
        for info in infos:
            info.get("episode", {}).pop("t", None)
        yield brief((obs, rewards, dones, infos))


def sessions():
    session = TextSession()
    for trap in ("CheeseCorner", "Probation", "RedBlueDoors"):
        for number in range(2):
            yield session.begin(trap=trap, split="shift", seed=number, examples=number)
            for answer in ("I go left.", "up or down?", "**right**", "down", "stay", "") * 2:
                if session.done:
                    break
                yield f"{session.answer(answer)} {session.done}\n{session.text[-200:]}"
            yield f"{session.total} {session.reached} {session.unread} {session.episode}"


def questions():
    for name in ("CheeseCorner", "RedBlueDoors"):
        for asked in (
            *list_questions(name, "shift", range(2), tell="things"),
            *list_questions(name, "train", [5], examples=1),
        ):
            yield f"{asked}\n{asked.text}"
        card = score_choices(name, lambda text: "1", levels=4, name="first")
        yield card.full()


def labels():
    found = mesa_gym.labels("CheeseCorner", "shift", range(3))
    names = ("row", "action", "distances", "optimal", "targets", "values")
    yield brief({name: getattr(found, name) for name in names})
    yield "\n".join(demonstrations("RedBlueDoors", [0, 3]))


def tables():
    tables = mesa_gym.tabulate("CheeseCorner", 2, "shift")
    yield brief([tables.next, tables.rewards, tables.start, tables.level, tables.discounts])


def cards():
    agents = {"goal": "oracle:base", "none": ["random", "sweeper"]}
    for card in evaluate(agents, ["CheeseDish", "LavaLand"], levels=6):
        yield card.full()
    yield str(compare(read_committed(), "ppo", "ppo-planner"))


def certificates():
    for name in ("CheeseCorner", "FlashOrPay"):
        yield str(certify(find_trap(name)(), 5).to_json())


ROADS = (
    each_trap,
    single,
    frames,
    vectors,
    tensors,
    sb3,
    sessions,
    questions,
    labels,
    tables,
    cards,
    certificates,
)
