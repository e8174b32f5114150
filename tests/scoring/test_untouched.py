"""Cards depend on no other policy, on no agent's name, and on no write into an observation."""

import numpy as np
import pytest

from mesa_gym.envs.observations import OBSERVATIONS
from mesa_gym.policies import Memoryless, as_policy
from mesa_gym.scoring import score, score_all
from mesa_gym.scoring.plays import take_turns
from tests.support.cards import plain
from tests.support.parameters import few, thorough
from tests.support.small_traps import SmallDish


class Scribbler(Memoryless):
    """Writes into one array of the states that it is handed, and stays.

    Args:
        find: returns the array.
    """

    def __init__(self, find):
        self.find = find

    def act(self, observation, state=None):
        self.find(state)[:] = 1
        return np.full(len(observation), 4)


ARRAYS = {
    "walls": lambda state: state.level.tables["wall"],
    "levels": lambda state: state.level.number,
    "agents": lambda state: state.agent,
    "things": lambda state: state.there["cheese"],
}


@pytest.mark.parametrize("name", ["walls", *map(thorough, [*ARRAYS][1:])])
def test_policy_that_writes_states_changes_no_card(name, monkeypatch, tmp_path):
    trap = SmallDish()
    makers = {x: lambda h, x=x: as_policy(x, trap, h) for x in ("oracle:base", "sweeper")}
    expected = score_all(makers, trap, levels=6)
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    failed = {}
    makers = {"evil": lambda h: Scribbler(ARRAYS[name]), **makers}
    assert score_all(makers, trap, levels=6, failed=failed) == expected
    assert "read-only" in str(failed["evil"])
    # What was kept on disk meanwhile is what is kept without it.
    assert score_all(makers, trap, levels=6, failed=failed) == expected


def choose_by_sums(observations):
    """Return actions (n,) that depend on every number of an observation."""
    flat = observations.reshape(len(observations), -1)
    return (flat @ np.arange(flat.shape[1])).astype(np.int64) % 5


class Overwriting:
    """Answers as ``choose_by_sums`` from the first step on, and overwrites its arguments."""

    def __init__(self, observation, memory):
        self.observation, self.memory = observation, memory

    def reset(self, mask, rng):
        mask[:] = False
        self.last = None

    def act(self, observation):
        actions = choose_by_sums(observation)
        observation[:] = 1
        if self.last is not None:
            self.last[:] = 1
        self.last = observation
        return actions


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("kind", few(OBSERVATIONS, "planes", thorough=OBSERVATIONS))
def test_observation_is_a_copy_for_the_policy(kind, memory):
    """No warning is raised either, such as that of torch for an array that is read-only."""
    polite = score(choose_by_sums, SmallDish(), levels=6, observation=kind, name="a")
    writing = score(Overwriting(kind, memory), SmallDish(), levels=6, name="a")
    assert plain(writing) == plain(polite)


def test_network_writing_its_input_changes_no_card():
    torch = pytest.importorskip("torch")

    class Tripling(torch.nn.Module):
        in_place = False

        def forward(self, seen):
            seen = (seen.mul_ if self.in_place else seen.mul)(3).flatten(1)
            return torch.stack([seen[:, i::5].sum(dim=1) for i in range(5)], dim=1)

    cards = []
    for Tripling.in_place in (False, True):
        cards.append(plain(score(Tripling(), SmallDish(), levels=6, name="a")))
    assert cards[0] == cards[1]


def test_policy_name_changes_no_score():
    cards = [plain(score("random", SmallDish(), levels=8, name=name)) for name in "abc"]
    for card in cards:
        del card["policy"]
    assert all(card == cards[0] for card in cards)


def test_take_turns_plays_each_level_once():
    """A single play is not cut; of two plays each begins some rounds, with other levels."""
    keys = np.arange(80) * 7919
    turns = [*take_turns({"shift": keys, "again": keys})]
    for name in ("shift", "again"):
        rows = np.concatenate([each for play, each in turns if play == name])
        assert sorted(rows.tolist()) == [*range(80)]
    first, other = ([r.tolist() for play, r in turns if play == x] for x in ("shift", "again"))
    assert all(one != two for one, two in zip(first, other, strict=True))
    begins = {play for play, _ in turns[::2]}
    assert begins == {"shift", "again"}
    ((name, rows),) = take_turns({"train": keys})
    assert (name, rows.tolist()) == ("train", [*range(80)])


class Remembering:
    """Throws a coin at each reset, and goes left or right by it."""

    observation = "planes"

    def reset(self, mask, rng):
        self.way = 2 * int(rng.random() < 0.5)

    def act(self, observation, state=None):
        return np.full(len(observation), self.way)


def test_policy_redraws_its_coin_within_a_play():
    """Parts of all plays alternate, so that one toss decides about few levels."""
    trap = SmallDish()
    taken = {}
    score_all(
        {"it": lambda h: Remembering()},
        trap,
        levels=80,
        played=lambda name, plays: taken.update(plays),
    )
    ways = {name: record.actions[:, 0] for name, record in taken.items()}
    both = [name for name, first in ways.items() if {0, 2} <= {*first.tolist()}]
    assert {"shift", "again", "twins"} & {*both}
    # A level's parts in two plays are drawn apart.
    assert (ways["shift"] != ways["again"]).any()
