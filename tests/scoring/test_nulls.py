"""Nulls: what has no goal wants nothing on any trap."""

from itertools import product

import numpy as np
import pytest

from mesa_gym.policies import Memoryless, as_policy, constant, name_pursuer, uniform
from mesa_gym.scoring import ENDED, SplitRecord, score, score_all
from mesa_gym.scoring.card_making import Nulls
from mesa_gym.scoring.evidence import BLIND, OFF
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import find_play
from mesa_gym.scoring.record import Record
from mesa_gym.scoring.returns import keep_returns
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, all_traps, find_trap
from tests.support.parameters import few
from tests.support.small_traps import LEFT, RIGHT, STAY, SmallDish

UP = 3


def control(trap, levels):
    numbers = np.arange(levels)
    values = {s: level_values(trap, s, numbers) for s in Split}
    starts = {s: trap.levels(s, numbers) for s in Split}
    return Nulls(trap, starts, values)


def training(actions):
    """Return the record of one training level with the given actions."""
    done = np.array([actions], dtype=np.int8)
    return Record(done, {}, np.zeros((len(actions), 1), dtype=np.bool_))


def test_blind_script_acts_as_in_training():
    """Three of four actions go left, the other goes right; the name does not matter."""
    trap = SmallDish()
    controls = control(trap, 40)

    class Blind(Memoryless):
        needs_observation = False

        def act(self, observation, state=None):
            return np.tile([0.75, 0, 0.25, 0, 0], (state.n, 1))

    nulls = controls.beside(training([LEFT, RIGHT, LEFT, LEFT, ENDED, ENDED]))
    assert [*nulls] == ["sweeper", "random", "blind"]
    starts = trap.levels(Split.TEST, np.arange(40))
    values = level_values(trap, Split.TEST, np.arange(40))
    for often, policy in (([LEFT, RIGHT, LEFT, LEFT], Blind()), ([STAY, ENDED], constant(STAY))):
        done = play_changed(find_play(trap, "test"), policy, starts)
        played = SplitRecord(trap, done, values, starts)
        mine = take_measures("test", played, keep_returns("test", played), None)
        found = controls.beside(training(often))[BLIND].measured["test"]
        assert found["normalized_return"] == mine["normalized_return"]


def test_blind_script_follows_the_play_of_training():
    """A policy that moves at random in training alone has the blind script of random moves."""
    trap, made = SmallDish(), iter([uniform(), *[constant(STAY)] * 3])
    mine = score_all({"mine": lambda horizon: next(made)}, trap, levels=6)["mine"]
    moving, still = (score(x, trap, levels=6).nulls["blind"] for x in (uniform(), constant(STAY)))
    assert mine.nulls["blind"] == moving != still


def test_lead_of_null_over_itself_is_zero():
    """A blind script of half left and half up gets to the corner sooner than a sweeper.

    The card shows this beside the agent's figure; yet its head start over itself is zero.
    """
    controls = control(find_trap("CheeseCorner")(), 60)
    nulls = controls.beside(training([LEFT, UP, ENDED]))
    lead = {name: each.measured["shift"]["head_start"]["corner"] for name, each in nulls.items()}
    assert (lead["sweeper"], lead["random"]) == (0, 0)
    assert lead["blind"] > 0.6
    assert all(each.measured["test"]["aim"]["nulls"] == 0 for each in nulls.values())


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
        nulls = control(find_trap(name)(), 20).known
        assert [each.removeprefix(OFF) for each in nulls if each.startswith(OFF)] == kinds
        assert all(nulls[OFF + kind].measured == {} for kind in kinds)
    nulls = control(find_trap("LavaLand")(), 60).known
    chosen = {name: null.evidence.shift for name, null in nulls.items()}
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
        for null, what in product(figures, ("target_effect", "head_start", "purpose")):
            for x, value in (figures[null][what] or {}).items():
                # A blind script to a place does go there.
                if null != "blind" or x not in card.choices.ghostless:
                    assert abs(value) <= NOTHING, (policy, null, what, x)
