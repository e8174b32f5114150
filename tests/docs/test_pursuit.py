"""Pursuit: levels that change under an agent, and the study's program."""

import numpy as np
import pytest

from docs.studies.pursuit import measuring
from docs.studies.pursuit.__main__ import main, tabulate, write_gap
from docs.studies.pursuit.interventions import (
    GoalStates,
    make_change,
    match_natural,
    survey,
    view_scene,
)
from docs.studies.pursuit.measuring import Pursuit, measure_pursuit
from docs.studies.pursuit.walks import arrive_at_random, play_on
from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.policies import Oracle, PolicySampler
from mesa_gym.policies.scripted import uniform
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from tests.support.parameters import thorough
from tests.support.playing import walled
from tests.support.reference import assert_same
from tests.support.refusals import refusals
from tests.support.small_traps import towards

# Left is best; walled off, above and below are as far, and the right is wrong.
CROSS = (".....", ".#.#.", "c.A..", ".#.#.", ".....")
OTHERS = ("CheeseCorner", "NearestFruit", "PointedGoal")
NOT_WALLED = {
    "the cheese lies there": (".....", ".#.#.", ".cA..", ".#.#.", "....."),
    "no way is left": ("#####", "##.##", "c.A..", "##.##", "#####"),
    "a thing lies there": (".....", ".#.#.", "c1A..", ".#.#.", ".....", "1 = -corner"),
}


class Wrapped:
    """A policy with a memory, around the oracle of base."""

    observation, needs_observation = "planes", False

    def __init__(self, trap, objective="base"):
        self.trap, self.oracle = trap, Oracle(trap, objective, trap.horizon(Split.SHIFT))

    def reset(self, mask, rng):
        self.states = []

    def act(self, obs, state):
        self.states.append(state)
        return self.oracle.act(obs, state)


def read_scene(trap, *rows):
    """Return a scene of one map, whose goal is the cheese."""
    state = from_map(trap, walled(trap, *rows))
    return view_scene(trap, state, state.at["cheese"][0], np.array([0]), np.ones(2))


def wall_off(trap, scene):
    nowhere = np.zeros((scene.state.n, trap.cells), np.bool_)
    return make_change(trap, scene, "walled", nowhere, np.ones(len(trap.objectives)))


def test_wall_stands_where_way_was_best():
    trap = CheeseCorner(7)
    scene = read_scene(trap, *CROSS)
    changed = wall_off(trap, scene)
    assert to_map(trap, changed.state) == walled(trap, *CROSS[:2], "c#A..", *CROSS[3:])
    assert (scene.shortest, changed.shortest, changed.valid) == (2, 6, True)


@pytest.mark.parametrize("why", NOT_WALLED)
def test_level_without_another_way_is_left(why):
    trap = CheeseCorner(7)
    assert not wall_off(trap, read_scene(trap, *NOT_WALLED[why])).valid.any()


def test_way_leads_through_no_pit():
    trap = CoinRun()
    state = trap.levels(Split.SHIFT, np.arange(20))
    _, entered, final = survey(trap, state)
    pits = trap.layer(state, "pit")
    assert (entered & final & pits == pits).all()
    coin, base = state.at["coin"][0], np.zeros(20, np.int64)
    scene = view_scene(trap, state, coin, base, np.ones(2))
    assert (scene.steps[pits] == -1).all()
    assert scene.valid.all()


@pytest.mark.parametrize("trap", ["ColourShape", *map(thorough, OTHERS)])
def test_oracle_reaches_targets_after_every_change(trap):
    names = [*find_trap(trap).objectives]
    policies = {x: f"oracle:{x}" for x in names}
    changes = 0
    for x, by_objective in measure_pursuit(policies, trap, 45).items():
        result = by_objective[x]
        for name in ("moved", "walled", "natural"):
            if (outcome := getattr(result, name)) is not None:
                assert (outcome.reached, outcome.other) == (1, 0)
                assert outcome.open_loop <= (0 if name in ("moved", "walled") else 0.2)
                assert outcome.legal < 0.75
                changes += 1
        assert result.removed is None or result.removed.open_loop > 0.9
        assert result.natural is None or result.gap == result.gap_error == 0
        assert all(by_objective[y].moved is by_objective[y].walled is None for y in {*names} - {x})
    assert changes >= 3
    if trap == "CheeseCorner":  # a bare place cannot be moved or taken away
        corner = measure_pursuit({"it": "oracle:corner"}, trap, 45)["it"]["corner"]
        assert corner.moved is corner.removed is None
        assert corner.walled.counted <= corner.walled.possible == 45


def test_memory_goes_on_after_the_change():
    trap = find_trap("ColourShape")()

    class Homing(Wrapped):
        """Goes to where its target was at the start, whatever happens."""

        def act(self, obs, state):
            first = self.states[0] if self.states else state
            self.states.append(state)
            at = {kind: first.at[kind] for kind in state.at}
            return self.oracle.act(obs, state._replace(at=at, there=first.there))

    home = measure_pursuit({"homing": Homing(trap)}, trap, 30)["homing"]["line"].moved
    assert home.reached <= 0.1  # the new cell may lie on its way


@pytest.mark.thorough
def test_memory_begins_once_an_episode():
    trap = find_trap("ColourShape")()

    class CoinFlip(Wrapped):
        """Draws one of the two targets once an episode."""

        def reset(self, mask, rng):
            self.first = rng.random(len(mask)) < 0.5
            self.other = Oracle(self.trap, "yellow", self.trap.horizon(Split.SHIFT))

        def act(self, obs, state):
            both = [policy.act(obs, state) for policy in (self.oracle, self.other)]
            return np.where(self.first[:, None], *both)

    for result in measure_pursuit({"coin": CoinFlip(trap)}, trap, 48)["coin"].values():
        assert 20 <= result.moved.counted <= 28
        assert result.moved.reached == 1


@pytest.mark.parametrize(("side", "is_valid"), [(5, True), (6, False)])
def test_detours_of_eight_steps_are_longest(side, is_valid):
    """On a ring of 12 cells the other way is 8 steps longer, on one of 14 cells 10."""
    trap = CheeseCorner()
    rows = "c.A".ljust(side, "."), f".{'#' * (side - 2)}.", "." * side
    assert wall_off(trap, read_scene(trap, *rows)).valid.tolist() == [is_valid]


def test_target_behind_another_is_left_out():
    trap = CheeseCorner(7)
    for row, is_valid in (("c1.A.", False), ("c.1A.", False), ("c.A1.", True), ("1cA..", True)):
        scene = read_scene(trap, ".....", "#.#.#", row, "#.#.#", ".....", "1 = corner")
        assert scene.valid.tolist() == [is_valid]


def test_play_draws_from_its_first_number_on():
    """Each row acts up to its own bound, by the numbers of its level from ``first_draw`` on."""
    trap, n = CheeseCorner(7), 20
    starts = trap.levels(Split.SHIFT, np.arange(n))
    nowhere, sampler = (
        np.zeros((n, trap.cells), np.bool_),
        PolicySampler(uniform(), trap, starts.level.key),
    )
    for draw in (0, 3):
        actions, cells = play_on(
            uniform(), trap, starts, nowhere, np.arange(n) % 7, "it", 6, first_draw=draw
        )
        drawn = [sampler.sample(np.full((n, 5), 0.2), t + draw) for t in range(6)]
        assert np.where(cells > 0, np.transpose(drawn), STAY).tolist() == actions.tolist()
        assert ((cells > 0).sum(axis=1) <= np.arange(n) % 7).all()


def test_gap_error_is_of_mean_over_pairs(monkeypatch):
    trap, often = find_trap("ColourShape")(), []

    def arrive(*args):
        often.extend(args[3:])
        return arrive_at_random(*args)

    monkeypatch.setattr(measuring, "arrive_at_random", arrive)

    class Halting(Wrapped):
        """Goes to the line, but stays on odd levels once they have another wall."""

        def act(self, obs, state):
            self.states.append(state)
            walls = [trap.layer(x, "wall") for x in (self.states[0], state)]
            halts = np.not_equal(*walls).any(axis=1) & (state.level.number % 2 == 1)
            return np.where(halts, STAY, towards(trap, state, "line"))

    result = measure_pursuit({"it": Halting(trap)}, trap, 60)["it"]["line"]
    assert result.natural.reached == 1
    assert 0.2 < result.gap < 0.8
    error = (result.gap * (1 - result.gap) / (result.natural.counted - 1)) ** 0.5
    assert result.gap_error == pytest.approx(error)
    ((*_, waits),) = often  # the first play never waits, and its end does not count
    assert waits == 0


@pytest.mark.parametrize(("extra", "share"), [thorough(0, 1), (1, 0)])
def test_bound_is_twice_the_way_and_four(extra, share, monkeypatch):
    monkeypatch.setattr(measuring, "PART_OF_WAY", 0)
    trap = find_trap("ColourShape")()

    class Waiting(Wrapped):
        """Waits as many steps as its way has, and four or five more."""

        def act(self, obs, state):
            if not self.states:
                goal, base = state.at["thing"][0], np.zeros(state.n, np.int64)
                self.waits = view_scene(trap, state, goal, base, np.ones(2)).shortest + 4 + extra
            actions = super().act(obs, state)
            actions[len(self.states) <= self.waits] = np.eye(5)[STAY]
            return actions

    result = measure_pursuit({"it": Waiting(trap)}, trap, 30)["it"]["line"]
    assert result.moved.reached == result.walled.reached == share


def test_natural_starts_match_in_length_and_excess():
    trap = find_trap("ColourShape")()
    starts = trap.levels(Split.SHIFT, np.arange(80))
    goal, base = starts.at["thing"][0], np.zeros(80, np.int64)
    pool = view_scene(trap, starts, goal, base, np.ones(2))
    changed = wall_off(trap, pool)
    natural = match_natural(trap, pool, changed, np.ones(2))
    both = natural.valid
    assert both.sum() > 20
    assert (natural.shortest == changed.shortest)[both].all()

    def straight(scene):
        both = (divmod(cells, trap.width) for cells in (scene.state.agent, scene.goal))
        pairs = zip(*both, strict=True)
        return sum(abs(a - b) for a, b in pairs)

    assert (straight(natural) == straight(changed))[both].all()
    assert natural.state.level.tables is starts.level.tables
    assert changed.valid[both].all()


def test_legal_baseline_is_exact():
    """By recursion over the moves of one small map, without arrays."""
    trap = CheeseCorner(7)
    scene = wall_off(trap, read_scene(trap, *CROSS))
    rows = to_map(trap, scene.state).splitlines()
    goal, corner = divmod(int(scene.goal[0]), trap.width), (1, 1)

    def chance(y, x, left):
        if (y, x) == goal:
            return 1.0
        if not left or (left < 16 and (y, x) == corner and scene.rivals.any()):
            return 0.0
        moves = [(y, x - 1), (y + 1, x), (y, x + 1), (y - 1, x)]
        free = [(v, u) for v, u in moves if rows[v][u] != "#"]
        return sum(chance(v, u, left - 1) for v, u in free) / len(free)

    bounds = np.array([7, 10, 9])  # each row has its own; only even numbers of moves arrive
    start = divmod(int(scene.state.agent[0]), trap.width)
    expected = [chance(*start, bound) for bound in bounds.tolist()]
    rows = np.zeros(3, np.int64)
    scenes = GoalStates(scene.state.take(rows), *(part[rows] for part in scene[1:]))
    result = arrive_at_random(trap, scenes, bounds)
    assert result == pytest.approx(expected)
    assert 0 < expected[0] < expected[2] < expected[1] < 1


def test_random_moves_agree_with_their_exact_share():
    pursuit = measure_pursuit({"random": "random"}, "ColourShape", 300)["random"]["line"]
    result = pursuit.moved
    spread = (result.blind * (1 - result.blind) / result.counted) ** 0.5
    assert abs(result.reached - result.blind) < 4 * spread
    assert result.legal > result.blind > 0
    assert 0 < pursuit.walled.open_loop < 0.2  # by luck, when the first step of a plan is lost


test_pursuit_of_unfit_traps_is_refused = refusals("docs", "pursuit", globals())


@pytest.mark.parametrize("salt", ["", "secret"])
def test_pursuit_is_of_salted_shift_levels(salt, monkeypatch):
    trap, asked = find_trap("ColourShape")(), []
    monkeypatch.setattr(measuring, "_measure", lambda *args: asked.append(args))
    measure_pursuit({"it": "stay"}, trap, 3, salt)
    ((_, _, starts, name),) = asked
    assert_same(trap, starts, trap.levels(Split.SHIFT, range(3), salt))
    assert name == "it"


def test_pursuit_on_few_levels_is_undefined():
    for policy in ("oracle:line", "stay"):
        pursuit = measure_pursuit({"it": policy}, "ColourShape", 10)["it"]["line"]
        assert pursuit[:4] == (None,) * 4
        assert np.isnan(pursuit.gap)


# -- the program -----------------------------------------------------------------------------------


def make_outcome(counted, reached):
    return measuring.Outcome(counted, 50, reached, *np.arange(1, 5) / 10)


def test_table_averages_seeds_with_outcome():
    """A seed without an outcome, as of too few levels, does not count."""
    walled, natural = make_outcome(20, 0.5), make_outcome(30, 1.0)
    seeds = [
        Pursuit(walled=walled, natural=natural, gap=0.5, gap_error=0.3),
        Pursuit(walled=make_outcome(40, 0.9), natural=natural, gap=0.1, gap_error=0.4),
        Pursuit(),
    ]
    results = {f"mine-s{i}": {"line": seed} for i, seed in enumerate(seeds)}
    shares = ["0.10", "0.20", "0.30", "0.40"]
    assert [*tabulate(results)] == [
        ["mine", "2", "line", "walled", "60 of 100", "0.70", *shares, "+0.30 (0.25)"],
        ["mine", "2", "line", "natural", "60 of 100", "1.00", *shares, ""],
    ]
    assert write_gap([Pursuit(walled=walled)]) == ""


@pytest.mark.thorough
def test_program_prints_agents_beside_sweeper(capsys):
    command = "CheeseCorner --policy oracle:corner oracle:cheese --levels 40 --salt secret"
    assert main(command.split()) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    corner = ["oracle:corner", "1", "corner", "walled"]
    assert [row[7:9] for row in rows if row[:4] == corner] == [["1.00", "0.00"]]
    changes = {tuple(row[2:4]) for row in rows if row[:1] == ["oracle:corner"]}
    assert changes <= {("corner", "walled"), ("corner", "natural")}, "a cell cannot be moved"
    swept = measure_pursuit({"it": "sweeper"}, "CheeseCorner", 40, "secret")["it"]["cheese"].removed
    shares = [row[7] for row in rows if row[:4] == ["sweeper", "1", "cheese", "removed"]]
    assert shares == [f"{swept.reached:.2f}"] * (swept is not None)
