"""The battery finds faults of steps and of environments."""

import numpy as np
import pytest

from mesa_gym.engine import Look
from mesa_gym.envs.observations import Observation
from mesa_gym.envs.running_states import LivePlanes
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.rendering.drawing import FLOOR_COLOUR
from mesa_gym.solver import Graph
from mesa_gym.testing import CHECKS, ConformanceError
from mesa_gym.traps import LEVELS, Split, Step, base, proxy
from mesa_gym.traps.keys_chests import KeysChests
from tests.support.small_traps import GLOW, TESTED, Healthy, SmallDish, caught_by


@caught_by("level_identity", r"level 0: levels \[0\] are others than in a larger batch")
def test_level_check_finds_dependence_on_batch(self, level, split):
    level.at["corner"] += len(level) % 2


@caught_by("level_identity", r"level 281474976710656: levels \[281474976710656\] are others than")
def test_level_check_finds_dependence_past_scored_levels(self, level, split):
    level.at["corner"] += (level.number >= LEVELS) & (len(level) % 2 == 1)


@caught_by("start", "split 'control', level 0: the agent starts on 'cheese'; fix: draw")
def test_start_check_finds_agent_on_target(self, level, split):
    if split is Split.CONTROL:
        level.at["cheese"][0] = level.start


@caught_by("held_out", "level 0: a level of test is a level of training", "levels")
def test_held_out_check_finds_training_levels(self, split, *given):
    return Healthy.levels(self, Split.TRAIN if split is Split.TEST else split, *given)


@caught_by("states", "'corner' is there in cell 0, which is nowhere")
def test_states_check_finds_things_in_cell_zero(self, level, split):
    level.at["corner"][:] = 0


@caught_by("states", "the agent stands in a wall", "rules")
def test_states_check_finds_agent_in_wall(self, move):
    inside = (move.target % self.width < self.width - 1) & (move.action == 2)
    move.agent = self.where(inside, move.target, move.agent)


def stays_inside(self, move):
    return move.target < self.width


@caught_by("states", "the border is not all wall", blocked=stays_inside)
def test_layout_check_finds_an_open_border(self, level, split):
    level.ground["wall"][:, 3] = False


@caught_by("novelty", "'glow' is set in the grid on shift, never in training", **GLOW)
def test_novelty_check_finds_a_new_plane(self, level, split):
    if split.shifted:
        level.scatter("glow")


test_sizes_check_finds_too_small_minimum = caught_by(
    "sizes", "(?i)size|reduction", of=SmallDish, min_size=(3, 3)
)()
test_novelty_check_finds_a_new_held_thing = pytest.mark.thorough(
    caught_by(
        "novelty", "'key' is set in cell 4 of the top row on shift", of=KeysChests, held={"key": 5}
    )()
)
test_states_check_finds_two_in_one_cell = caught_by(
    "states", "two things that one plane shows are in one cell", shown_as={"corner": "cheese"}
)()


@caught_by("purity", "rules write cheese, of which nothing ever changes", "rules")
def test_purity_check_finds_an_idle_write(self, move):
    move.put("cheese", there=move.there["cheese"] | move.into("cheese"))


@caught_by("determinism", "a step taken twice gives another result .`ended`", "ends", steps=0)
def test_determinism_check_finds_a_counting_trap(self, move):
    self.steps += 1
    return Healthy.ends(self, move) | (self.steps % 3 == 0)


@caught_by("determinism", "at another.*`solvable = False`", "blocked", chance={"slip": 1})
def test_determinism_check_finds_chance_if_solvable(self, move):
    return move.bits("slip")[0, ...] % 8 == 0


@caught_by("shapes", "in another order of the batch", "blocked")
def test_shape_check_finds_rules_mixing_rows(self, move):
    walls = move.on("wall")
    return np.roll(walls, 1, axis=-1) if walls.ndim else walls


@caught_by("solver", "another state than in the graph .*actions .5, 1. move like", "blocked")
def test_solver_check_finds_rules_reading_other_rows(self, move):
    first = self.xp.reshape(move.action, (-1,))[0] == 1
    return first | (move.target < 0)


test_declared_check_finds_a_missing_category = caught_by(
    "declared", "declare `category`, such as", category=None
)()
test_declared_check_finds_a_missing_source = caught_by(
    "declared", "declare `source`, a text", source=None
)()


@caught_by("objectives", "objective .'corner: there'. sets an attribute")
class PaysAndChanges(Healthy):
    @proxy
    def corner(self, move):
        """1 for the first arrival at the corner; and the cheese is gone."""
        move.clear("cheese")
        return move.into("corner")


test_objectives_check_finds_objective_that_changes_state = PaysAndChanges


@caught_by("objectives", "a step pays cheese and no other objective", "step")
def test_objectives_check_finds_a_missing_objective(self, state, action):
    after, paid, ended = Healthy.step(self, state, action)
    return Step(after, {"cheese": paid["cheese"]}, ended)


def behind_a_door(self, move):
    """Return whether a door that no plane shows is in the way, before the cheese."""
    return move.on("cheese") & (move.was("bumps") < 3)


@caught_by(
    *("visible", "look alike to the agent differ in .*draw it in a plane", "rules"),
    **{"vars": {"bumps": 4}, "blocked": behind_a_door},
)
def test_visible_check_finds_a_hidden_counter(self, move):
    """The door opens at the third bump into a wall."""
    bumps = move.was("bumps")
    move.set(bumps=self.where(move.on("wall") & (bumps < 3), bumps + 1, bumps))


@caught_by("visible", "rules read a kind that no plane shows", "ends")
def test_visible_check_finds_an_unseen_end(self, move):
    return Healthy.ends(self, move) | move.into("corner")


@pytest.mark.thorough
@caught_by("solver", r"\d+,\d{3} states .* beyond 5,000 and 40,000", "rules", vars={"acts": 512})
def test_solver_check_finds_a_large_graph(self, move):
    acts = move.was("acts")
    move.set(acts=self.where(move.action == 4, (acts + 1) % 512, acts))


def test_solver_check_finds_a_wrong_graph(monkeypatch):
    explored = Graph.__init__

    def crossed(self, *given):
        explored(self, *given)
        self.successor = self.successor[[1, 0, 2, 3, 4]]

    monkeypatch.setattr(Graph, "__init__", crossed)
    with pytest.raises(ConformanceError, match=r"a step leads to another state .*`agent`"):
        CHECKS["solver"](Healthy, 3)


class NumPyOnly(Healthy):
    def blocked(self, move):
        return move.on("wall").astype(np.bool_)


def test_shape_check_uses_torch_if_installed(monkeypatch):
    pytest.importorskip("torch")
    with pytest.raises(AssertionError, match="has no attribute 'astype'"):
        CHECKS["shapes"](NumPyOnly, 4)
    monkeypatch.setattr("mesa_gym.testing.steps.find_spec", lambda package: None)
    CHECKS["shapes"](NumPyOnly, 4)


class LeaksOne(Healthy):
    """One level of test is a level of training."""

    def levels(self, split, numbers, salt=""):
        splits, count = (split, Split.TRAIN if split is Split.TEST else split), len(numbers)
        both = self.joined([Healthy.levels(self, each, numbers, salt) for each in splits])
        return both.take(np.arange(count) + count * (np.asarray(numbers) == 7))


def test_held_out_check_finds_one_training_level():
    with pytest.raises(ConformanceError, match="a level of test is a level of training"):
        CHECKS["held_out"](LeaksOne, 300)


@caught_by("purity", "a step changed its level", "step")
def test_purity_check_finds_a_changed_level(self, state, action):
    after, paid, ended = Healthy.step(self, state, action)
    level = after.level._replace(number=after.level.number + 1)
    return Step(after._replace(level=level), paid, ended)


@caught_by("objectives", "level [0-9]+: 'cheese' pays NaN")
class PaysNan(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, and a mistake."""
        return {1: move.into("cheese"), np.nan: move.into("corner")}


test_objectives_check_finds_nan = PaysNan


# -- environments ----------------------------------------------------------------------------------


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
