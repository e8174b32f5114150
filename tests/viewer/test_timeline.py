"""The viewer's episodes equal the scored ones."""

import numpy as np
import pytest

from mesa_gym.errors import PolicyError
from mesa_gym.logs import record_plays
from mesa_gym.policies import as_policy
from mesa_gym.policies.names import name_policy
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.scoring.record import replay
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.traps.played_episodes import sum_discounted
from mesa_gym.traps.red_blue_doors import RedBlueDoors
from mesa_gym.traps.tree_farm import TreeFarm
from mesa_gym.viewer.players import Decision, PolicyPlayer, RecordedPlayer
from mesa_gym.viewer.timeline import Timeline
from tests.support.edited import cells_of, same
from tests.support.parameters import each_played, each_trap
from tests.support.playing import play_all

SHIFT = Split.SHIFT


class RemembersAll:
    """A policy whose next action depends on all its observations, and on a number drawn once."""

    observation = "planes"

    def __init__(self):
        self.resets = 0

    def reset(self, mask, rng):
        assert mask.all()
        self.resets += 1
        self.memory = rng.random(len(mask))
        self.seen = 0

    def act(self, observation, state=None):
        flat = observation.reshape(len(observation), -1)
        self.memory = np.sin(31 * self.memory + flat @ np.arange(1, flat.shape[1] + 1))
        self.seen += 1
        weights = 1.1 + np.sin(self.memory[:, None] * np.arange(1, 6) * 7)
        return weights / weights.sum(axis=1, keepdims=True)


def begun(player, trap, level, split=SHIFT):
    start = trap.levels(split, [level])
    return Timeline(trap, start, trap.horizon(split), player, split)


def whole(player, trap, level, split=SHIFT):
    line = begun(player, trap, level, split)
    assert not line.grow()
    return line


def require_same(trap, a, b):
    assert len(a) == len(b)
    for t, (mine, theirs) in enumerate(zip(a, b, strict=True)):
        assert mine.clock == a[0].clock + t
        assert same(trap, mine, theirs), t


def scored(policy, trap, levels, seed, split=SHIFT):
    starts, horizon = trap.levels(split, levels), trap.horizon(split)
    made = as_policy(policy, trap, horizon)
    return rollout(made, trap, starts, horizon, seed, name_policy(policy), split).actions


@each_played
def test_watched_policy_acts_as_when_scored(trap):
    trap, of = trap(), "oracle" if trap.solvable else "reference"
    for spec, split in [
        ("random", Split.TRAIN),
        (f"{of}:base", SHIFT),
        (f"{of}:{trap.proxies[0]}", SHIFT),
    ]:
        done = scored(spec, trap, [5, 9], 3, split)
        for row, level in enumerate([5, 9]):
            line = whole(PolicyPlayer(spec, seed=3), trap, level, split)
            assert line.actions().tolist() == done[row][done[row] != ENDED].tolist()
            assert line.terminated or len(line) == trap.horizon(split)


@pytest.mark.parametrize("cls", [RedBlueDoors, TreeFarm])
@pytest.mark.parametrize("seed", [0, 7])
def test_watched_policy_with_memory_acts_as_scored(cls, seed):
    trap = cls()
    seen = set()
    for level in (2, 3, 4):
        done = scored(RemembersAll(), trap, [level], seed)[0]
        line = whole(PolicyPlayer(RemembersAll(), seed), trap, level)
        assert line.actions().tolist() == done[done != ENDED].tolist()
        seen |= set(line.cells(len(line)))
    assert len(seen) > 10  # it did not stand at a wall


@each_trap
def test_timeline_equals_steps_of_the_trap(trap):
    trap = trap()
    line, state = whole(PolicyPlayer("random", seed=5), trap, 4), trap.levels(SHIFT, [4])
    paid = replay(trap, state, line.actions()[None]).paid
    for t, step in enumerate(line.steps):
        assert same(trap, line.states[t], state)
        state, _, ended = trap.step(state, np.array([step.decision.action]))
        assert {x: pay[t, 0] for x, pay in paid.items()} == step.paid
        assert bool(ended[0]) == (line.terminated and t == len(line) - 1)
    assert same(trap, line.states[-1], state)
    for x, pay in paid.items():
        for t in (0, 1, len(line) // 2, len(line)):
            expected = sum_discounted(pay[:t], trap.discount(x))[0]
            assert line.compute_return(x, t) == pytest.approx(expected)
    layers = [cells_of(trap, each, "agent") for each in line.states]
    assert [[cell] for cell in line.cells(len(line))] == layers
    assert line.cells(0) == layers[0]


class Fails(RemembersAll):
    def act(self, observation, state=None):
        if self.seen == 5:
            raise KeyError("weights")
        return super().act(observation)


def test_watched_policy_that_fails_says_where():
    trap = KeysChests()
    line = begun(PolicyPlayer(Fails()), trap, 0)
    says = r"policy 'Fails' on KeysChests-v0, shift, step 5: .*weights"
    with pytest.raises(PolicyError, match=says):
        line.grow()
    assert len(line) == 5
    assert len(line.states) == 6


def test_timeline_ends_by_time_limit_or_rules():
    trap = CheeseCorner()
    staying = whole(PolicyPlayer("stay"), trap, 0)
    assert staying.over
    assert not staying.terminated
    assert len(staying) == 64
    eating = whole(PolicyPlayer("oracle:base"), trap, 0)
    assert eating.over
    assert eating.terminated
    assert len(eating) < 64
    for line in (staying, eating):
        length = len(line)
        assert not line.grow()
        assert len(line) == length
        with pytest.raises(ValueError, match="the episode is over: go back in time to act"):
            line.act(Decision(0))
        assert len(line) == length
        assert len(line.states) == length + 1
        whole_again = line.branch(length)
        assert whole_again.over
        assert whole_again.terminated == line.terminated
        assert not line.branch(length - 1).over


def test_timeline_from_a_middle_keeps_its_limit():
    trap = CheeseCorner()
    start = trap.levels(SHIFT, [0])._replace(clock=np.array([60]))
    line = Timeline(trap, start, 64, PolicyPlayer("stay"), SHIFT)
    assert not line.grow()
    assert (len(line), line.over) == (4, True)


@pytest.mark.parametrize("cls", [CheeseCorner, MonsterWorld])
def test_recorded_player_replays_episodes(cls):
    trap = cls()
    played = play_all("random", trap, 3, seed=4)
    player = RecordedPlayer([*record_plays(trap, "random", played)])
    assert player.name == "random"
    for split in Split:
        assert player.levels(split).tolist() == [0, 1, 2]
        for level in range(3):
            recorded = whole(player, trap, level, split)
            require_same(
                trap, recorded.states, whole(PolicyPlayer("random", 4), trap, level, split).states
            )
            assert recorded.over
    with pytest.raises(ValueError, match="nothing was recorded on level 3 of play 'shift'"):
        begun(player, trap, 3).begin()


@pytest.mark.parametrize("t", [0, 30, 100])
def test_branch_replays_the_past_for_memory(t):
    trap = CheeseCorner(13)
    line = whole(PolicyPlayer(RemembersAll(), seed=2), trap, 1)
    assert len(line) > 100
    policy = RemembersAll()
    line.player.make = lambda trap, horizon: policy  # itself, not a copy
    again = line.branch(t)
    again.grow(t)
    assert policy.resets == 0  # not asked yet
    again.grow()
    require_same(trap, again.states, line.states)
    assert policy.resets == 1
    assert policy.seen == len(line)
    for a, b in zip(line.steps, again.steps, strict=True):
        assert a.decision.shares.tolist() == b.decision.shares.tolist()
