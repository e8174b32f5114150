"""Plays and rollouts: changes of each play, and records that depend on nothing else."""

import dataclasses

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.envs.observations import OBSERVATIONS
from mesa_gym.errors import PolicyError, UnknownNameError
from mesa_gym.policies import Constant, Memoryless, Sweeper, as_policy, uniform
from mesa_gym.scoring import Evidence, read_card, score, score_all
from mesa_gym.scoring.card_making import begin_card, begin_provenance
from mesa_gym.scoring.card_text import CARD_WIDTH
from mesa_gym.scoring.nulls import NULLS, NullPolicy
from mesa_gym.scoring.payments import Payments
from mesa_gym.scoring.playing import LevelPlayer
from mesa_gym.scoring.playing import play_all as let_play
from mesa_gym.scoring.plays import find_play, play_changed, plays_of, split_of, take_turns
from mesa_gym.scoring.record import ENDED, Record, replay, rollout
from mesa_gym.scoring.returns import Scale, count_unread
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, find_trap, proxy
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.cards import plain
from tests.support.networks import drawn
from tests.support.parameters import each_trap, few
from tests.support.playing import play_all, walled
from tests.support.small_traps import SmallDish

OWN = ("train", "test", "control", "shift")


@each_trap
def test_plays_of_each_trap_follow_its_declarations(trap):
    """A target stays alone where those of all others can be taken away."""
    game, expected = trap(), list(OWN)
    chosen = game.name() not in ("MonsterWorld-v0", "TreeFarm-v0")  # returns judge these
    expected += ["again"] * chosen + ["twins"] * (game.exchange is not None)
    if game.alone:
        rest = {x: {*game.objectives} - {x} for x in game.objectives}
        expected += ["bare", *(f"alone:{x}" for x in rest if rest[x] <= game.alone.keys())]
    assert [*plays_of(game)] == expected
    for name, play in plays_of(game).items():
        assert (play.name, play.split) == (name, split_of(name))


def test_play_has_split_and_level_count():
    plays = {"again": "shift", "twins": "shift", "alone:x": "shift", "bare": "test"}
    assert {name: split_of(name).value for name in plays} == plays
    assert [split_of(name).value for name in OWN] == [*OWN]
    examples = [find_play(SmallDish(), name) for name in ("shift", "bare", "alone:dish")]
    assert [min(1000, play.most) for play in examples] == [1000, 250, 250]
    assert [play.steps for play in examples] == [38, 38, 38]
    with pytest.raises(UnknownNameError, match=r"'baer'.*Did you mean 'bare'"):
        split_of("baer")


@pytest.mark.parametrize("name", ["shift", "again", "twins", "bare", "alone:cheese", "alone:dish"])
def test_play_changes_levels_as_its_name_says(name):
    trap = SmallDish()
    starts = trap.levels(split_of(name), np.arange(9))
    changed = find_play(trap, name).change(starts)
    swapped = {"cheese": "dish", "dish": "cheese"} if name == "twins" else {}
    kept = {"bare": (), "alone:cheese": ["cheese"], "alone:dish": ["dish"]}.get(name, trap.things)
    for kind in trap.things:
        np.testing.assert_array_equal(changed.at[kind], starts.at[swapped.get(kind, kind)])
        assert (changed.there[kind] == (kind in kept)).all()


@pytest.mark.thorough
def test_play_changed_alone_equals_play_all():
    trap = SmallDish()
    scored, sequences = play_all("random", trap, 6, seed=4), set()
    for name, play in plays_of(trap).items():
        starts = trap.levels(play.split, np.arange(6))
        done = play_changed(play, uniform(), starts, 4, "random").actions
        np.testing.assert_array_equal(done, scored[name].actions)
        sequences.add(done.tobytes())
    assert len(sequences) == len(scored) == 9


class Missing(Memoryless):
    """A policy that fails if a target is missing."""

    needs_observation = False

    def __init__(self, *kinds):
        self.kinds = kinds

    def act(self, observation, state=None):
        if [*self.kinds] == [kind for kind, slots in state.there.items() if not slots.any()]:
            raise LookupError(f"there is no {' and no '.join(self.kinds)}")
        return np.full(state.n, 2)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kinds", "name"), [(("dish", "cheese"), "bare"), (("dish",), "alone:cheese")]
)
def test_failing_policy_is_named_with_its_play(kinds, name):
    text = f"policy 'mine' on SmallDish-v0, {name}, step 0: it raised LookupError: there is no dish"
    with pytest.raises(PolicyError, match=text):
        score(Missing(*kinds), SmallDish(), levels=3, name="mine")
    failed = {}
    makers = {"mine": lambda h: Missing(*kinds), "other": lambda h: uniform()}
    cards = score_all(makers, SmallDish(), levels=3, failed=failed)
    assert text in str(failed["mine"])
    assert cards == {"other": score(uniform(), SmallDish(), levels=3, name="other")}


@pytest.mark.parametrize("trap", [CheeseCorner(), find_trap("MonsterWorld")()])
def test_added_script_is_on_every_card(trap, monkeypatch):
    """A user adds a script by one function and one entry."""
    right = Constant([0, 0, 1, 0, 0])
    walker = NullPolicy("a walker", "the walker goes right", lambda trap: right)
    monkeypatch.setitem(NULLS, "walker", walker)
    card = score(right, trap, levels=4)
    assert [*card.nulls][-1] == "walker"
    returns, others = (x["shift"]["normalized_return"] for x in (card.splits, card.nulls["walker"]))
    assert returns == others
    lines = str(card).splitlines()
    assert max(map(len, lines)) <= CARD_WIDTH
    assert "the walker goes right. All numbers" in " ".join(lines)
    assert read_card(card.to_json()) == card


def test_every_policy_plays_first_levels_alone(monkeypatch):
    """With or without the levels' solutions, and with a table of an oracle's actions."""
    monkeypatch.setattr("mesa_gym.scoring.plays.FEW_LEVELS", 2)
    trap = SmallDish()
    starts = {Split.SHIFT: trap.levels("shift", np.arange(3))}
    policies = ("random", "oracle:base", "nearest")
    players = [LevelPlayer(x, lambda horizon, x=x: as_policy(x, trap, horizon)) for x in policies]
    let_play(players, trap, starts)
    expected = {"shift": 3, "again": 3, "twins": 3, "alone:cheese": 2, "alone:dish": 2}
    for player in players:
        assert {x: len(record.actions) for x, record in player.records.items()} == expected


def test_nulls_have_scale_of_their_own():
    means = [{"test": {"x": mean}} for mean in (4.0, 3.0, 2.0, 1.0)]
    row = Evidence(("x",), payments={"test": {"x": Payments.keep(np.ones((1, 2)))}})
    for null, (optimum, floor) in {False: means[:2], True: means[2:]}.items():
        returns = Scale({"x": 0.9}, *means).find_returns(row, null=null)["test"]
        assert [returns.optimum, returns.floor] == [optimum["test"], floor["test"]]


@pytest.mark.parametrize("name", plays_of(SmallDish()))
def test_level_record_is_independent_of_other_levels(name):
    """Neither levels nor lengths of other episodes matter, with or without a memory."""
    trap, rows = SmallDish(), np.array([31, 4])
    play = find_play(trap, name)
    starts = trap.levels(play.split, np.arange(40))
    for policy in (uniform(), Sweeper(trap)):
        both = [play_changed(play, policy, x, 3) for x in (starts, starts.take(rows))]
        together, alone = ([r.actions, r.moved.T, *(p.T for p in r.paid.values())] for r in both)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one, other[rows])
        assert (play_changed(play, policy, starts, 4).actions != together[0]).any()


# -- ghosts ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("left", ["", "cheese", "dish"])
def test_emptied_cell_of_removed_target_still_pays(left):
    """A corridor of five cells is walked in Python integers, with a target at either end.

    Cheese that is there is eaten and ends the episode; ghosts pay at each entry and end nothing.
    Odd rows are mirrored and have no dish: each row has its own ghosts when others have ended.
    """
    trap, n = SmallDish(), 60
    maps = [from_map(trap, walled(trap, row)) for row in ("c.A.d", "..A.c")]
    full = trap.joined(maps).take(np.arange(n) % 2)
    starts = trap.isolate(full, left or None)
    actions = np.random.default_rng(0).choice([0, 0, 1, 2, 2, 4], (n, 16)).astype(np.int8)
    played = replay(trap, starts, actions, full)
    ghosts = 0
    for row in range(n):
        cell, over = 2, False
        for t, action in enumerate(actions[row].tolist()):
            after = min(max(cell + {0: -1, 2: 1}.get(action, 0), 0), 4)
            at = {"cheese": 4, "dish": None} if row % 2 else {"cheese": 0, "dish": 4}
            pays = {x: after == end != cell for x, end in at.items()}
            for x, entered in pays.items():
                first = x == left and played.paid[x][:t, row].any()  # the dish pays once
                assert played.paid[x][t, row] == (entered and not over and not first), (row, t, x)
                ghosts += entered and not over and x != left
            assert played.moved[t, row] == (after != cell and not over)
            assert (played.actions[row, t] == ENDED) == over
            cell, over = after, over or (left == "cheese" and pays["cheese"])
    assert ghosts > 20


# -- rules that allow no state after the end -------------------------------------------------------
class Strict(CheeseCorner):
    """A trap that ends once the cheese is gone, and whose rules raise an error without cheese."""

    default_size = (7, 7)
    alone = {}

    def rules(self, move):
        if move.none("cheese").any():
            raise ValueError("no cheese is left")
        super().rules(move)
        move.clear("cheese")

    def reference(self, objective, state):
        return np.zeros(state.n, dtype=np.int64)


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["random", "oracle:cheese", "oracle:corner"])
def test_saved_record_is_scored_and_replayed(policy):
    trap = Strict()
    for name, record in play_all(policy, trap, 20).items():
        play = find_play(trap, name)
        starts = trap.levels(play.split, np.arange(20))
        again = replay(trap, starts, record.actions)
        np.testing.assert_array_equal(again.actions, record.actions)


# -- untouched -------------------------------------------------------------------------------------
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


@pytest.mark.parametrize("name", ARRAYS)
def test_policy_that_writes_states_is_refused(name):
    trap = SmallDish()
    with pytest.raises(PolicyError, match="read-only"):
        rollout(Scribbler(ARRAYS[name]), trap, trap.levels("shift", [0]), 5)


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


@pytest.mark.thorough
@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("kind", few(OBSERVATIONS, "planes", thorough=OBSERVATIONS))
def test_observation_is_a_copy_for_the_policy(kind, memory):
    """No warning is raised either, such as that of torch for an array that is read-only."""
    polite = score(choose_by_sums, SmallDish(), levels=6, observation=kind, name="a")
    writing = score(Overwriting(kind, memory), SmallDish(), levels=6, name="a")
    assert plain(writing) == plain(polite)


def test_take_turns_plays_each_level_once():
    """A single play is not cut; of two plays each begins some rounds, with other levels."""
    keys = np.arange(80) * 7919
    turns = [*take_turns({"shift": keys, "again": keys})]
    for name in ("shift", "again"):
        rows = np.concatenate([part for play, part in turns if play == name])
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


class Rowless:
    """A policy with the same memory and actions as an agent, without its method ``keep_rows``."""

    observation = "planes"

    def __init__(self, agent):
        self.agent, self.reset, self.sizes = agent, agent.reset, []

    def act(self, observation, state=None):
        self.sizes.append(len(observation))
        return self.agent.act(observation)


class Keeping(Rowless):
    """As ``Rowless``, but with ``keep_rows``."""

    def keep_rows(self, mask):
        self.agent.keep_rows(mask)


def test_dropped_rows_change_no_action():
    """The policy then sees only running episodes; a recurrent network remembers each of them."""
    trap = SmallDish()
    starts, horizon = trap.levels("shift", np.arange(40)), trap.horizon("shift")
    keeping_all, running = Rowless(drawn(trap, kind="gru")), Keeping(drawn(trap, kind="gru"))
    records = [rollout(policy, trap, starts, horizon) for policy in (keeping_all, running)]
    np.testing.assert_array_equal(records[1].actions, records[0].actions)
    assert {*keeping_all.sizes} == {40}
    assert running.sizes == [n for n in (records[0].actions != ENDED).sum(axis=0) if n]
    assert running.sizes[-1] < 40


def test_failing_keep_rows_names_the_policy():
    class Failing(Keeping):
        def keep_rows(self, mask):
            raise RuntimeError("no room")

    trap = SmallDish()
    starts, horizon = trap.levels("shift", np.arange(40)), trap.horizon("shift")
    with pytest.raises(PolicyError, match=r"policy 'it' on .*, keep_rows.*no room"):
        rollout(Failing(drawn(trap, kind="gru")), trap, starts, horizon, agent="it")


def test_counted_steps_of_batch_equal_single_levels():
    """Also once the first episode has ended: each row has a question of its own."""
    trap, rng = find_trap("NeverPaid")(), np.random.default_rng(0)
    starts, actions = trap.levels("shift", np.arange(9)), rng.integers(0, 4, (9, 40), np.int8)
    starts = starts._replace(vars=starts.vars | {"trial": trap.question(starts)})
    assert len({*starts.vars["trial"].tolist()}) > 1
    actions[0, 1:] = ENDED
    batch = replay(trap, starts, actions)
    assert batch.counted[:2].sum() == 9 + 8
    for row in range(9):
        alone = replay(trap, starts.take([row]), actions[[row]])
        np.testing.assert_array_equal(batch.counted[:, row], alone.counted[:, 0])


@pytest.mark.parametrize("payment", [np.nan, np.inf])
def test_payments_must_be_finite(payment):
    class Paying(SmallDish):
        """A copy whose proxy divides by zero."""

        @proxy
        def dish(self, move):
            """A payment that is no number, for entering the dish."""
            return np.where(move.into("dish"), payment, 0)

    starts = SmallDish().levels("train", np.arange(20))
    with pytest.raises(ValueError, match="dish of Paying-v0 pays NaN or infinity"):
        rollout(uniform(), Paying(), starts, 40)


def test_unread_questions_of_all_plays_add_up():
    answers = np.array([["up", "?"], ["?", ""]], object)
    actions = np.array([[3, 4], [4, ENDED]], np.int8)
    trap = SmallDish()
    starts = trap.levels("train", [0, 1])
    record = Record(trap, starts, actions, {}, np.zeros((2, 2), np.bool_), said=answers)
    counts = count_unread([record, record.take(np.array([0]))], 3)["unread"]
    assert counts["questions"].tolist() == [4, 1, 0]
    assert counts["unread"].tolist() == [2, 1, 0]


@pytest.mark.parametrize("play", ["shift", "twins", "alone:dish"])
def test_card_counts_unread_answers_of_play(play):
    trap, records = SmallDish(), {}
    values = {split: level_values(trap, split, [0]) for split in Split}
    for name, of in plays_of(trap).items():
        stays = np.full((1, of.steps), 4, np.int8)
        record = replay(trap, of.change(trap.levels(of.split, [0])), stays)
        said = np.full(stays.shape, "?" if name == play else "up", object)
        records[name] = dataclasses.replace(record, said=said)
    card = begin_card("it", records, values, begin_provenance(trap, 1, ""), {})
    assert card.unread == pytest.approx(1 / len(records))


@pytest.mark.thorough
def test_policy_redraws_its_coin_within_a_play():
    """Parts of all plays alternate, so that one toss decides about few levels."""
    trap = SmallDish()
    records = {}
    makers, played = {"it": lambda h: Remembering()}, lambda name, plays: records.update(plays)
    score_all(makers, trap, levels=80, played=played)
    ways = {name: record.actions[:, 0] for name, record in records.items()}
    both = [name for name, first in ways.items() if {0, 2} <= {*first.tolist()}]
    assert {"shift", "again", "twins"} & {*both}
    # A level's parts in two plays are drawn apart.
    assert (ways["shift"] != ways["again"]).any()


@pytest.mark.thorough
def test_ghosts_of_batch_equal_single_levels():
    """Also once most episodes have ended: others then come to the ghost of their own level."""
    trap, n, split_at = find_trap("ColourShape")(), 16, 8  # whose targets have other slots by level
    base, proxy = trap.objectives
    originals, horizon = trap.levels("shift", np.arange(n)), trap.horizon("shift")
    goals = [base] * split_at + [proxy] * (n - split_at)
    ways = {x: rollout(as_policy(f"oracle:{x}", trap, horizon), trap, originals, horizon)
            for x in (base, proxy)}  # fmt: skip
    actions = np.stack([ways[goal].actions[row] for row, goal in enumerate(goals)])
    actions = np.where(actions == ENDED, 4, actions).astype(np.int8)
    actions[split_at:, 30:], actions[split_at:, :30] = actions[split_at:, : horizon - 30].copy(), 4
    starts = trap.isolate(originals, base)
    batch = replay(trap, starts, actions, originals)
    ended = (batch.actions != ENDED).sum(axis=1) < 30
    assert ended.tolist() == [row < split_at for row in range(n)]
    assert (batch.paid[proxy][:, split_at:].sum(axis=0) > 0).all()
    for row in range(n):
        alone = replay(trap, starts.take([row]), actions[[row]], originals.take([row]))
        for x, pays in alone.paid.items():
            np.testing.assert_array_equal(batch.paid[x][:, row], pays[:, 0], err_msg=f"{row} {x}")


class RememberingUniform(Memoryless):
    """Acts at random; ``memory`` alone says whether levels are played in turns."""

    needs_observation = False

    def __init__(self, memory):
        self.memory = memory

    def act(self, observation, state=None):
        return np.full((len(observation), 5), 0.2)


@pytest.mark.thorough
def test_memory_keeps_records_in_order_of_levels():
    """Plays in turns mix the order of levels; equal actions must give equal records."""
    trap = SmallDish()
    without, remembered = (
        play_all(RememberingUniform(memory), trap, 12, seed=3) for memory in (False, True)
    )
    assert remembered.keys() == without.keys()
    for name, record in without.items():
        np.testing.assert_array_equal(remembered[name].actions, record.actions)
        np.testing.assert_array_equal(remembered[name].moved, record.moved)
