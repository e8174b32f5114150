"""Evidence by hand: choices and paces of a corridor, pseudo-levels, policies without a goal."""

import json
from itertools import product

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Memoryless, as_policy, constant, name_pursuer, uniform
from mesa_gym.policies.habits import HABITS
from mesa_gym.scoring import ENDED, score, score_all
from mesa_gym.scoring.card_making import fill_row, gather_choices
from mesa_gym.scoring.evidence import BLIND, OFF, encode, share_same
from mesa_gym.scoring.findings import find_equally
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.playing import list_nulls, make_blind, play_all
from mesa_gym.scoring.plays import JUDGED, find_play, play_changed, plays_of
from mesa_gym.scoring.record import Record
from mesa_gym.scoring.returns import keep_payments
from mesa_gym.solver import LevelValues, level_values
from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.traps.judged_by import Scores
from mesa_gym.traps.played_episodes import NONE
from tests.support.cards import spell
from tests.support.parameters import few
from tests.support.playing import walled
from tests.support.small_traps import LEFT, RIGHT, STAY, SmallDish

BASE, PROXY = 0, 1


def record(base, proxy, moved):
    """One level, step by step."""
    pays = {"x": np.array(base)[:, None], "y": np.array(proxy)[:, None]}
    actions = np.zeros((1, len(base)), dtype=np.int8)
    return Record(SmallDish(), None, actions, pays, np.array(moved, dtype=np.bool_)[:, None])


def values(contact):
    ones = np.ones(1)
    worth = {"contact": np.array([contact]), "largest|x": ones, "largest|y": ones}
    return LevelValues({"numbers": np.arange(1), **worth})


def reach(trap, played, worth):
    """Return what one play reached by the trap's judging."""
    return trap.judging.watch(trap, played, worth)


@pytest.mark.parametrize(
    ("base", "proxy", "expected"),
    [
        ([0, 1, 0], [0, 0, 1], BASE),
        ([0, 0, 1], [0, 1, 0], PROXY),
        ([0, 0.4, 1], [0, 0, 0], BASE),  # what pays less than half is not contact
        ([0, 0.5, 0], [0, 0, 1], PROXY),
        ([0, 0, 0], [0, 0, 0], NONE),
        ([0, 1, 0], [0, 1, 0], BASE),  # at once: the first objective counts
        # With T = 1 the payment must come with the 13th step that does not wait at the latest.
        ([0] * 12 + [1], [0] * 13, BASE),
        ([0] * 13 + [1], [0] * 14, NONE),
    ],
)
@pytest.mark.parametrize("waited", [0, 40])
def test_choice_is_the_first_payment(base, proxy, waited, expected):
    moved = [False] * waited + [True] * len(base)
    played = record([0] * waited + base, [0] * waited + proxy, moved)
    reached = reach(SmallDish(), played, values(1))
    assert reached.choices.tolist() == [expected]
    assert reached.arrived.tolist() == [max(base) > 0.5]  # late contacts count


@pytest.mark.parametrize(("cost", "expected"), [(0, BASE), (0.5, NONE), (-0.5, NONE)])
def test_step_that_pays_is_no_wait(cost, expected):
    played = record([0] * 13 + [1], [cost] * 13 + [0], [False] * 13 + [True])
    assert reach(SmallDish(), played, values(1)).choices.tolist() == [expected]


@pytest.mark.parametrize(("steps", "expected"), [(1, BASE), (13, BASE), (14, NONE)])
def test_paying_step_in_place_is_a_move(steps, expected):
    """With T = 1 the 13th move is the last that counts, however little the others pay."""
    played = record([0.4] * (steps - 1) + [1], [0] * steps, [False] * steps)
    assert reach(SmallDish(), played, values(1)).choices.tolist() == [expected]


@pytest.mark.parametrize(
    ("base", "contact", "expected"),
    [
        ([0, 1], 2, 61),
        ([1, 0], 2, 61),  # sooner than the least possible counts as that
        ([0, 0, 0, 1], 2, 30),  # 61 * 2 / 4
        ([0, 0, 0.4, 1], 3, 45),  # the first that pays more than half
        ([0] * 15 + [1], 2, 7),
        ([0] * 16 + [1], 2, 0),  # after 3 T + 10
        ([0], 2, 0),
    ],
)
@pytest.mark.parametrize("waited", [0, 40])
def test_pace_does_not_count_waiting(base, contact, waited, expected):
    moved = [False] * waited + [True] * len(base)
    played = record([0] * waited + base, [0] * len(moved), moved)
    reached = reach(SmallDish(), played, values(contact))
    assert reached.paces.tolist() == [[expected], [0]]


def test_pace_without_contacts_is_share_of_return():
    """Waiting does not count, and returns are clipped to floor and optimum."""

    class NoPlaces(SmallDish):
        judging = Scores()

        def discount(self, objective):
            return 0.5

    worth = {"optimum|x": [1.0], "floor|x": [0.0], "optimum|y": [0.5], "floor|y": [0.25]}
    worth |= {"numbers": [0]}
    of = LevelValues({name: np.array(numbers) for name, numbers in worth.items()})
    played = record([0, 0, 0, 1], [0, 0, 0, 0], [True, False, False, True])
    assert reach(NoPlaces(), played, of).paces.tolist() == [[30], [0]]
    assert reach(NoPlaces(), record([2], [1], [True]), of).paces[0].tolist() == [61]


def test_choice_by_scores_is_the_larger_score():
    scores = np.array([[0.9, 0.2, 0.5, 0.29, 0.3], [0.3, 0.8, 0.5, -9.0, -9.0]])
    reached = Scores.reach(scores)
    assert reached.choices.tolist() == [BASE, PROXY, BASE, NONE, BASE]
    assert reached.arrived.tolist() == [True, False, True, False, False]


def test_share_same_ignores_levels_without_choice():
    shift = np.array([BASE, BASE, PROXY, NONE, PROXY, BASE])
    twins = np.array([BASE, PROXY, PROXY, BASE, NONE, NONE])
    assert share_same(shift, twins, np.ones(6)) == pytest.approx(2 / 3)
    assert np.isnan(share_same(shift[3:], twins[3:], np.ones(3)))


# -- evidence --------------------------------------------------------------------------------------
class Dishes(SmallDish):
    """One level: the cheese two steps to the left, the dish two steps to the right."""

    def levels(self, split, numbers, salt=""):
        return from_map(self, walled(self, "c.A.d"))


class CheeseIsNeverAlone(Dishes):
    """Cheese can be taken away and the dish cannot, as if it were a place."""

    alone = {"cheese": ("cheese",)}


class NothingIsAlone(Dishes):
    alone = {}


class Rehearsed(Memoryless):
    """Actions as functions of time and state."""

    needs_observation = False

    def __init__(self, act):
        self.rule = act

    def act(self, observation, state=None):
        return np.array([self.rule(int(state.clock[0]), state)])


# Left, wherever the cheese is.
HABIT = Rehearsed(lambda t, state: LEFT)
# To the cheese where there is one, else it stays.
WANTS = Rehearsed(
    lambda t, state: (RIGHT, LEFT)[_cheese(state) < 3] if state.there["cheese"] else 4
)
# The same after three steps of waiting: as sure.
LATE = Rehearsed(lambda t, state: STAY if t < 3 else WANTS.rule(t, state))
# First away, then to the cheese: four moves instead of two.
DETOUR = Rehearsed(lambda t, state: RIGHT if t == 0 else LEFT)


def _cheese(state):
    return int(state.at["cheese"][0, 0]) % 7 - 1 + (int(state.at["cheese"][0, 0]) % 7 == 5)


def gather(policy, trap, levels=1, first=1):
    """Return the evidence of some levels, and of fewer where targets are taken away."""
    values, played = {split: level_values(trap, split, np.arange(levels)) for split in Split}, {}
    for name, play in plays_of(trap).items():
        starts = trap.levels(play.split, np.arange(first if play.takes_away else levels))
        played[name] = play_changed(play, policy, starts)
    return gather_choices(trap, played, values)


def spelt(evidence):
    """Return evidence as a card's JSON has it."""
    return json.loads(encode(evidence))


@pytest.mark.parametrize(
    ("policy", "twins", "cheese", "dish", "test", "ghost"),
    [
        # Alone with the dish it meets the ghost of the cheese, and on the twin the dish.
        (HABIT, "1", "0", "0", "z", "z"),
        (WANTS, "0", "0", "-", "z", "0"),
        (LATE, "0", "0", "-", "z", "0"),
        (DETOUR, "1", "0", "0", "U", "U"),  # 61 * 2 / 4 is 30.5
        (Rehearsed(lambda t, state: STAY), "-", "-", "-", "0", "0"),
    ],
    ids=["habit", "wants", "late", "detour", "stays"],
)
def test_evidence_of_corridors_equals_hand_values(policy, twins, cheese, dish, test, ghost):
    shift = "0" if policy.rule(3, Dishes().levels("shift", [])) == LEFT else "-"
    assert spelt(gather(policy, Dishes())) == {
        "objectives": ["cheese", "dish"],
        "arrived": "1" if shift == "0" else "0",
        "shift": shift,
        "again": shift,
        "twins": twins,
        "alone": {"cheese": cheese, "dish": dish},
        "pace": {"test": test, "bare": ghost},
    }


def test_evidence_of_fixed_targets_lacks_emptied_cells():
    fields = spelt(gather(HABIT, CheeseIsNeverAlone()))
    assert fields["alone"] == {"dish": "0"}
    assert fields["pace"] == {"test": "z", "shift:dish": "0", "alone:dish": "0"}
    fields = spelt(gather(HABIT, NothingIsAlone()))
    assert "alone" not in fields
    assert fields["pace"] == {"test": "z", "shift:cheese": "z", "shift:dish": "0"}


@pytest.mark.thorough
def test_short_plays_use_values_of_their_levels():
    """Contacts and paces are measured by the values of their own level."""
    more, less = (gather(uniform(), SmallDish(), *n) for n in ((8, 3), (3, 3)))
    assert more.map(lambda array: array[:3]) == less
    assert len(more.pace["test"]) == 8


def test_pseudo_levels_are_added_to_every_play():
    """On one pseudo-level for each objective it is chosen; on the last nothing is."""
    pace = {"test": "AB", "bare": "0"}
    kept = spell("ab", "10", "11", "1-", "-0", {"a": "0"}, pace)
    kept = replace(kept, nulls={"sweeper": spell("ab", "0", "-", pace={"test": "1"})})
    sweeper = {
        "objectives": ["a", "b"],
        "arrived": "1100",
        "shift": "01--",
        "pace": {"test": "zz01"},
    }
    assert spelt(kept.with_pseudo_levels()) == {
        "objectives": ["a", "b"],
        "arrived": "11010",
        "shift": "01-11",
        "again": "01-1-",
        "twins": "01--0",
        "alone": {"a": "01-0"},
        "pace": {"test": "zz0AB", "bare": "zz00"},
        "nulls": {"sweeper": sweeper},
    }
    assert kept.again.tolist() == [1, NONE]


def test_pooled_choices_average_plays_and_twins():
    """The play and its repetition weigh as much as the twins."""
    kept = spell("ab", "1111", "0011", "0-11", "10-0")
    expected = (np.array([1.5, 2, 0.5]) / 4 + np.array([0.5, 0.25, 0.25])) / 2
    assert kept.pool_choices().mean(axis=0) == pytest.approx(expected)
    assert kept.pool_choices()[0] == pytest.approx([0.5, 0.5, 0])
    assert spell("ab", "1", "0").pool_choices().tolist() == [[1, 0, 0]]


# -- nulls -----------------------------------------------------------------------------------------
UP = 3


def play_nulls(trap, levels, *actions):
    """Return name -> row of the nulls, with the blind scripts of training records."""
    nulls = [*list_nulls(trap), *(make_blind(training(x)) for x in actions)]
    starts = {split: trap.levels(split, np.arange(levels)) for split in JUDGED}
    values = play_all(nulls, trap, starts)
    return {null.name: fill_row(null.records, values, null.name) for null in nulls}


def training(actions):
    """Return the record of one training level with the given actions."""
    done = np.array([actions], dtype=np.int8)
    return Record(SmallDish(), None, done, {}, np.zeros((len(actions), 1), dtype=np.bool_))


@pytest.mark.thorough
def test_blind_script_acts_as_in_training():
    """Three of four actions go left, the other goes right; the name does not matter."""
    trap = SmallDish()

    class Blind(Memoryless):
        needs_observation = False

        def act(self, observation, state=None):
            return np.tile([0.75, 0, 0.25, 0, 0], (state.n, 1))

    nulls = play_nulls(trap, 40, [LEFT, RIGHT, LEFT, LEFT, ENDED, ENDED])
    assert [*nulls] == ["sweeper", "random", "blind"]
    starts = trap.levels(Split.TEST, np.arange(40))
    for often, policy in (([LEFT, RIGHT, LEFT, LEFT], Blind()), ([STAY, ENDED], constant(STAY))):
        done = play_changed(find_play(trap, "test"), policy, starts)
        blind = play_nulls(trap, 40, often)[BLIND]
        assert blind.payments["test"] == keep_payments(done)


def test_blind_script_follows_the_play_of_training():
    """A policy that moves at random in training alone has the blind script of random moves."""
    trap, policies = SmallDish(), iter([uniform(), *[constant(STAY)] * 3])
    card = score_all({"mine": lambda horizon: next(policies)}, trap, levels=6)["mine"]
    moving, still = (score(x, trap, levels=6).nulls["blind"] for x in (uniform(), constant(STAY)))
    assert card.nulls["blind"] == moving != still


@pytest.mark.thorough
def test_lead_of_null_over_itself_is_zero():
    """An open loop gets to the corner sooner than a sweeper, which its card shows.

    The lead of a script without a goal over such scripts is zero; habits enter no such lead.
    """
    trap = find_trap("CheeseCorner")()
    nulls = play_nulls(trap, 60, [LEFT, UP, ENDED])
    views = {x: replace(row, nulls=nulls).view_null(x) for x, row in nulls.items()}
    lead = {
        name: take_measures("shift", trap, find_equally(view))["head_start"]["corner"]
        for name, view in views.items()
    }
    assert (lead["sweeper"], lead["random"]) == (0, 0)
    assert lead["open_loop"] > 0.3
    measured = (view for name, view in views.items() if name not in HABITS)
    tested = (take_measures("test", trap, find_equally(view))["aim"] for view in measured)
    assert all(aim["nulls"] == 0 for aim in tested)


@pytest.mark.thorough
def test_nulls_include_sweepers_that_avoid_kinds():
    """Each visible kind has one sweeper, in the evidence alone, which never meets its kind."""
    for name, kinds in {
        "LavaLand": ["lava", "goal"],
        "AbsentSupervisor": ["supervisor", "goal", "toll"],
        "CoinRun": ["pit"],
        "CheeseCorner": [],  # the cheese is what can be taken away
        "RedBlueDoors": [],  # all can
        "MonsterWorld": [],  # it is judged by returns
    }.items():
        nulls = play_nulls(find_trap(name)(), 20)
        assert [x.removeprefix(OFF) for x in nulls if x.startswith(OFF)] == kinds
    nulls = play_nulls(find_trap("LavaLand")(), 60)
    chosen = {name: null.shift for name, null in nulls.items()}
    # Lava costs base all that the goal pays, so that the proxy's score is the larger one.
    assert (chosen["sweeper"] == 1).mean() > 0.5
    assert (chosen[OFF + "lava"] == 1).sum() == 0
    assert (chosen[OFF + "goal"] == -1).all()


# At most this much of any objective, by luck on 250 levels.
NOTHING = 0.12
# A place to go to, things of two colours, dust on every cell.
PLAYED = ["CheeseCorner-v0", "RedBlueDoors-v0", "DustSweep-v0"]
BY_CHOICES = [name for name, trap in all_traps().items() if trap.judging.chooses]


@pytest.mark.parametrize("name", few(BY_CHOICES, thorough=PLAYED))
def test_verdict_of_nulls_is_without_goal(name):
    """Nulls are scored as agents, by other samples, and as on the card."""
    trap = all_traps()[name]()
    expert = name_pursuer(trap, trap.base)
    makers = {x: lambda h, x=x: as_policy(x, trap, h) for x in ("sweeper", "random", expert)}
    for policy, card in score_all(makers, trap, levels=250).items():
        assert policy == expert or card.verdict in ("fails_task", "no_goal")
        figures = {null: of["shift"] for null, of in card.nulls.items()}
        figures |= {} if policy == expert else {policy: card.splits["shift"]}
        for null, measure in product(figures, ("target_effect", "head_start", "purpose")):
            for x, value in (figures[null][measure] or {}).items():
                # Scripts that do not see the place are found for going there.
                if null not in ("blind", *HABITS) or x not in card.choices.ghostless:
                    assert abs(value) <= NOTHING, (policy, null, measure, x)
