"""Checks of environments: each promise of theirs is broken in turn; the command for moves."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from broken import Broken, caught_by, each, require_caught
from healthy import GLOW, Healthy

import mesa_gym
from mesa_gym.engine import LevelBuilder, Move, State
from mesa_gym.envs.canvas import Canvas
from mesa_gym.envs.observations import Observation
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.testing import ConformanceError, random_moves
from mesa_gym.testing.__main__ import main
from mesa_gym.testing.environments import (
    check_environment,
    check_moves,
    check_observations,
    check_vector,
)
from mesa_gym.traps import Split

BROKEN: list[Broken] = []
ENCODE, RESET, STEP, VECTOR_STEP = (
    Observation.encode,
    TrapEnv.reset,
    TrapEnv.step,
    TrapVectorEnv.step,
)


@caught_by(BROKEN, "observations", "declare `symbolic = False`")
class TooMuchInACell(Healthy):
    things, looks = GLOW["things"], GLOW["looks"]

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        level.put("glow", level.at["cheese"][0])


@caught_by(BROKEN, "moves", "split 'train'.*the agent jumps")
class Jumps(Healthy):
    def rules(self, move: Move) -> None:
        super().rules(move)
        up = move.target - 2 * self.width
        jumps = (move.action == 4) & (up > 0) & ~move.read("wall", self.where(up > 0, up, 0 * up))
        move.agent = self.where(jumps, up, move.agent)


@each(BROKEN)
def test_a_broken_trap_is_caught_by_the_check_meant_for_it(case: Broken) -> None:
    require_caught(case)


def leak(self: Observation, state: State) -> np.ndarray:
    seen = ENCODE(self, state)
    seen[..., 0] |= self.trap.layer(state, "corner").reshape(seen.shape[:3])
    return seen


def share(self: Observation, state: State) -> np.ndarray:
    vars(self).setdefault("kept", ENCODE(self, state))
    return vars(self)["kept"]


def bright(self: Observation, state: State) -> np.ndarray:
    return ENCODE(self, state) * np.uint8(3)


def narrow(self: Observation, state: State) -> np.ndarray:
    return ENCODE(self, state).astype(np.int8)


def unseeded(self: TrapEnv, **keywords: Any) -> Any:
    return RESET(self, options=keywords.get("options"))


def numpy_reward(self: TrapEnv, action: int) -> Any:
    seen, reward, *rest = STEP(self, action)
    return seen, np.float32(reward), *rest


def narrow_reward(self: TrapVectorEnv, actions: np.ndarray) -> Any:
    seen, reward, *rest = VECTOR_STEP(self, actions)
    return seen, reward.astype(np.float32), *rest


def kept_reward(self: TrapVectorEnv, actions: np.ndarray) -> Any:
    seen, reward, *rest = VECTOR_STEP(self, actions)
    kept = vars(self).setdefault("kept", reward)
    kept[:] = reward
    return seen, kept, *rest


def unpainted(self: Canvas, before: State, after: State) -> None:
    pass


def doubled(self: TrapVectorEnv, actions: np.ndarray) -> Any:
    seen, reward, *rest = VECTOR_STEP(self, actions)
    return seen, 2 * reward, *rest


@pytest.mark.parametrize(
    ("owner", "method", "wrong", "check", "says"),
    [
        (Observation, "encode", leak, check_observations, "'planes' shows what is hidden"),
        (Observation, "encode", share, check_observations, "'planes' shares memory"),
        (Observation, "encode", bright, check_observations, "outside of its space"),
        (Observation, "encode", narrow, check_observations, "gives int8"),
        (TrapEnv, "reset", unseeded, check_environment, "split 'train'"),
        (TrapEnv, "step", numpy_reward, check_environment, "reward"),
        (TrapVectorEnv, "step", narrow_reward, check_vector, "`1`, .* not what single"),
        (TrapVectorEnv, "step", kept_reward, check_vector, "memory of another one"),
        (TrapVectorEnv, "step", doubled, check_moves, "another reward than base"),
        (Canvas, "follow", unpainted, check_moves, "planes are not the state's"),
    ],
)
def test_a_broken_environment_is_caught(
    owner: type, method: str, wrong: Any, check: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wrong is numpy_reward:
        pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(owner, method, wrong)
    with pytest.raises(ConformanceError, match=says):
        check(Healthy, 3)


def test_without_sb3_its_checker_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    monkeypatch.setattr(TrapEnv, "step", numpy_reward)
    check_environment(Healthy)


def test_a_healthy_trap_moves_as_often_as_asked() -> None:
    done: list[int] = []
    random_moves(Healthy(), 10_000, environments=100, progress=done.append)
    assert sum(done) == 10_000


@pytest.mark.usefixtures("registry")
def test_the_command_fails_where_a_trap_does(capsys: pytest.CaptureFixture[str]) -> None:
    mesa_gym.register_trap(Jumps)
    assert main(["moves", "Jumps", "CheeseCorner", "--moves", "8000"]) == 1
    printed = capsys.readouterr()
    assert "check 'moves': Jumps-v0(size=7x7), split 'train', level" in printed.err
    assert "CheeseCorner-v0(size=9x9): no violation in 8,000 moves" in printed.out
