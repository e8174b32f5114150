"""Checks of environments: each promise of theirs is broken in turn."""

import numpy as np
import pytest

from mesa_gym.engine import Look
from mesa_gym.envs.observations import Observation
from mesa_gym.envs.running_states import LivePlanes
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.rendering.drawing import FLOOR_COLOUR
from mesa_gym.testing import CHECKS, ConformanceError
from mesa_gym.traps import Split
from tests.support.broken_traps import TESTED, caught_by
from tests.support.small_traps import GLOW, Healthy

TESTED |= {"observations", "environment", "vector"}


def glows(self, level, split):
    if split is not Split.CONTROL:  # nor under test, but that is found in training already
        level.scatter("glow")


def unlike(**members):
    return {**GLOW, "looks": {**Healthy.looks, **members}}


test_pictures_check_finds_an_invisible_thing = caught_by(
    "pictures",
    "cells with glow and nothing look the same in `rgb`; fix: give each",
    **unlike(glow=Look("g", FLOOR_COLOUR, "floor")),
)(glows)
test_pictures_check_finds_two_equal_looks = caught_by(
    "pictures",
    "cells with cheese and glow look the same in `rgb`",
    **unlike(glow=Healthy.looks["cheese"]._replace(glyph="g")),
)(glows)


class Jumps(Healthy):
    def rules(self, move):
        super().rules(move)
        up = move.target - 2 * self.width
        jumps = (move.action == 4) & (up > 0) & ~move.read("wall", self.where(up > 0, up, 0 * up))
        move.agent = self.where(jumps, up, move.agent)


test_moves_check_finds_a_jump = caught_by("moves", "split 'train', level .*the agent jumps")(Jumps)


def leak(self, state, seen):
    seen[..., 0] |= self.trap.layer(state, "corner").reshape(seen.shape[:3])
    return seen


def share(self, state, seen):
    return vars(self).setdefault("kept", seen)


def bright(self, state, seen):
    return seen * np.uint8(3)


def narrow(self, state, seen):
    return seen.astype(np.int8)


def numpy_reward(self, action, result):
    return result[0], np.float32(result[1]), *result[2:]


def narrow_reward(self, actions, result):
    return result[0], result[1].astype(np.float32), *result[2:]


def kept_reward(self, actions, result):
    kept = vars(self).setdefault("kept", result[1])
    kept[:] = result[1]
    return result[0], kept, *result[2:]


def doubled(self, actions, result):
    return result[0], 2 * result[1], *result[2:]


def unpainted(self, before, after, result):
    self.planes[:] = 0


def after(method, wrong):
    """Return a method whose result goes through a function that spoils it."""
    return lambda self, *given: wrong(self, *given, method(self, *given))


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "check", "says"),
    [
        (Observation, "encode", leak, "observations", "'planes' shows what is hidden"),
        (Observation, "encode", share, "observations", "'planes' shares memory"),
        (Observation, "encode", bright, "observations", "outside of its space"),
        (Observation, "encode", narrow, "observations", "gives int8"),
        (TrapEnv, "step", numpy_reward, "environment", "reward"),
        (TrapVectorEnv, "step", narrow_reward, "vector", "not what single .*`1`"),
        (TrapVectorEnv, "step", kept_reward, "vector", "memory of another one"),
        (TrapVectorEnv, "step", doubled, "moves", "another reward than base"),
        (LivePlanes, "follow", unpainted, "moves", "planes are not the state's"),
    ],
)
def test_broken_environment_is_caught(owner, name, wrong, check, says, monkeypatch):
    if wrong is numpy_reward:
        pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(owner, name, after(getattr(owner, name), wrong))
    with pytest.raises(ConformanceError, match=says):
        CHECKS[check](Healthy, 3)


def test_environment_that_forgets_seeds_is_caught(monkeypatch):
    reset = TrapEnv.reset
    monkeypatch.setattr(TrapEnv, "reset", lambda self, **given: reset(self))
    with pytest.raises(ConformanceError, match="split 'train'"):
        CHECKS["environment"](Healthy)
