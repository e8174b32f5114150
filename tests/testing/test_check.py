"""The battery finds each fault of a broken trap: names, rules, shift, solved levels."""

import importlib
import inspect
import json
import re

import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine import STAY, Move, distances, hash_rows, off_route
from mesa_gym.solver import Graph, Solution
from mesa_gym.testing import CHECKS, ConformanceError, check_trap
from mesa_gym.testing.digests import check_digest, main, record_digest
from mesa_gym.testing.sample import difference
from mesa_gym.testing.watching import Notes, take_watched
from mesa_gym.traps import Share, Split, Whole, base, package_traps, proxy
from mesa_gym.traps.judged_by import Scores
from tests.support.mistakes import MISTAKES, make_mistake
from tests.support.parameters import FINISHED, few, thorough
from tests.support.small_traps import (
    LONG,
    TESTED,
    Corridor,
    Healthy,
    Monster,
    Slippery,
    SmallDish,
    caught_by,
    towards,
)


class StartsOnTarget(Healthy):
    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            at = level.at["cheese"]
            at[0] = np.where(level.number > 0, level.start, at[0])


@pytest.mark.thorough
@pytest.mark.parametrize("trap", [SmallDish, pytest.param(Monster, marks=pytest.mark.slow)])
def test_check_trap_passes_a_healthy_trap(trap):
    check_trap(trap, 8, skip=() if trap is SmallDish else ("directions",))


def test_every_check_has_a_test():
    importlib.import_module("tests.testing.test_steps")
    assert CHECKS.keys() == TESTED
    assert inspect.getdoc(CHECKS["start"]).endswith(
        "\n\nFix: draw the agent last, on a free cell (`level.agent()`)."
    )


class PaysTwice(Healthy):
    """Under shift cheese and corner are in one cell on every second level."""

    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            together = level.number % 2 == 1
            level.at["cheese"] = np.where(together, level.at["corner"], level.at["cheese"])
            level.require(level.start != level.at["corner"][0])


class Crashes(Healthy):
    def rules(self, move):
        super().rules(move)
        move.set(opened=move.into("cheese"))  # it is not declared
        move.opend  # noqa: B018


def test_check_trap_tells_an_error_alone():
    with pytest.raises(ConformanceError) as caught:
        check_trap(Crashes, 4, skip=LONG)
    error, said = caught.value, str(caught.value)
    assert (error.check, error.others) == ("playable", ())
    assert isinstance(error.__cause__, AttributeError)
    line = inspect.getsourcelines(Crashes.rules)[1] + 3
    place = f"{__file__}:{line}, in rules: move.opend  # noqa: B018"
    assert error.line == place
    assert said.startswith(
        "check 'playable': Crashes-v0(size=7x7), split 'train': AttributeError: "
    )
    assert said.endswith(f"\n    {place}")
    assert "fix:" not in said  # the remedy of a property is not that of an error
    with pytest.raises(ConformanceError) as alone:
        CHECKS["determinism"](Crashes, 4)
    assert alone.value.line == place
    assert "fix:" not in str(alone.value)


def test_check_trap_lists_what_builds_on_nothing():
    with pytest.raises(ConformanceError) as caught:
        check_trap(PaysTwice, 4, skip=LONG)
    error = caught.value
    assert [error.check, *(other.check for other in error.others)] == ["contact", "certificate"]
    assert "\n2 checks failed; the first may be the cause.\ncheck 'certificate'" in str(error)


@pytest.mark.usefixtures("registry")
def test_check_start_takes_names_and_classes():
    mesa_gym.register_trap(StartsOnTarget)
    names = "StartsOnTarget", "MesaGym/StartsOnTarget-Test-v0", StartsOnTarget, StartsOnTarget()
    for trap in names:
        with pytest.raises(ConformanceError, match="StartsOnTarget") as caught:
            CHECKS["start"](trap)
        assert (caught.value.split, caught.value.level) == (Split.SHIFT, 1)
    for name in ("RedBlueDoors", "RedBlueDoors-v0", "MesaGym/RedBlueDoors-Shift-v0"):
        CHECKS["start"](name)


@pytest.mark.parametrize(
    ("other", "at"),
    [
        ({"x": 1, "y": (np.array([[1, 2], [3, 4]]),)}, None),
        ({"x": 1.0, "y": (np.array([[1, 2], [3, 4]]),)}, ("x", 0)),
        ({"x": 1, "y": (np.array([[1, 2], [3, 5]]),)}, ("y.0", 1)),
        ({"x": 1, "y": (np.array([[1.0, 2], [3, 4]]),)}, ("y.0", 0)),
        ({"x": 1}, ("y.0", 0)),
    ],
)
def test_difference_names_first_unequal_array_entry(other, at):
    assert difference({"x": 1, "y": (np.array([[1, 2], [3, 4]]),)}, other) == at


def cheese(self, move):
    """1 for entering the cheese."""
    return move.into("cheese")


@pytest.mark.parametrize("name", few(FINISHED, *FINISHED[::8], thorough=FINISHED))
def test_digest_ignores_a_new_option(name):
    """Otherwise a new option would invalidate a trap's levels, cards and agents."""
    trap = package_traps()[name]
    options = {**trap.options, "new": Share(0.5), "newer": Whole(1, 1, 3)}
    salience = {**trap.salience, "wall_planes": ("wall",)}
    other = type(trap.__name__, (trap,), {"options": options, "salience": salience})
    assert set(other().parameters) > set(trap().parameters)
    check_digest(other)
    check_digest(other(new=1.0, newer=3, wall_planes=2))


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"ends": lambda self, move: move.into("corner")}, ["rollout"]),
        ({"cheese": base(discount=0.9)(cheese)}, ["rollout"]),
        ({"horizon": lambda self, split: 63}, ["rollout"]),
        ({"shown_as": {}}, ["levels", "rollout"]),
    ],
)
def test_digest_of_a_changed_trap_fails(change, changed, tmp_path):
    record_digest(Healthy, tmp_path)
    before = (tmp_path / "Healthy-v0.json").read_bytes()
    other = type("Healthy", (Healthy,), change)
    with pytest.raises(ConformanceError, match=r"'digest'.*make a new version") as caught:
        record_digest(other, tmp_path)
    assert all(f"shift {what}" in caught.value.what for what in changed)
    assert ("shift levels" in caught.value.what) == ("levels" in changed)
    assert (tmp_path / "Healthy-v0.json").read_bytes() == before


def test_digests_command_never_overwrites(tmp_path, capsys):
    with pytest.raises(ConformanceError, match=r"CheeseCorner-v0\.json is missing; `make digests`"):
        check_digest("CheeseCorner", tmp_path)
    command = ["CheeseCorner", "--folder", str(tmp_path)]
    assert main(command) == 0
    assert main(command) == 0
    check_digest("CheeseCorner", tmp_path)
    assert capsys.readouterr().out.count("CheeseCorner-v0(size=9x9): unchanged") == 1
    path = tmp_path / "CheeseCorner-v0.json"
    kept = json.loads(path.read_text())
    kept["digests"]["test levels"] = "0" * 32
    path.write_text(json.dumps(kept))
    assert main(command) == 1
    assert json.loads(path.read_text()) == kept
    error = capsys.readouterr().err
    assert "test levels changed" in error
    assert "`version = 1`" in error
    path.write_text("{")
    assert main(command) == 1
    assert "is damaged" in capsys.readouterr().err
    assert path.read_text() == "{"


SLOW = {"layout of rows and columns", "two numbers", "payment again and again"}
SLOW |= {"a rule without effect", "an option that moves levels"}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", [thorough(x) if x in SLOW else x for x in MISTAKES])
def test_check_trap_names_a_mistake_first(name, tmp_path):
    mistake, others = MISTAKES[name], ()
    try:
        check_trap(make_mistake(name, tmp_path), 20, skip=LONG)
        said = ""
    except ConformanceError as error:
        said, others = f"{error.args[0]}\n{error.line}", error.others
    assert bool(said) == bool(mistake.says), said
    assert re.search(mistake.says, said), said
    assert mistake.line in said
    assert len(others) <= 1, others


# -- rules -----------------------------------------------------------------------------------------


@caught_by("playable", "output array is read-only; rules write by the move's methods", "rules")
def test_playable_check_finds_writing_in_place(self, move):
    move.before.there["corner"] &= ~move.into("corner")


@caught_by("playable", r"`ends` gives bool \(\); expected a Mask, bool \(512,\)", "ends")
def test_playable_check_finds_one_end_for_all(self, move):
    return np.any(move.into("cheese"))


@caught_by("playable", r"`redirect` gives float64 .*; expected actions, int64 \(512,\)", "redirect")
def test_playable_check_finds_actions_of_another_type(self, move):
    return move.action * 1.0


@caught_by(
    "playable",
    r"`move.put` makes `move.there\['cheese'\]` bool \(512,\); expected bool \(1, 512\)",
    "rules",
)
def test_playable_check_finds_things_without_slots(self, move):
    move.put("cheese", there=~move.into("cheese"))


@caught_by("effects", "`move.clear` of 'cheese' never has an effect in [0-9,]+ moves", "rules")
def test_effects_check_finds_a_rule_without_effect(self, move):
    move.clear("cheese", move.off("cheese"))


@caught_by("effects", "-0.5 of 'cheese' is never paid in [0-9,]+ moves")
class PaysInWalls(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, -0.5 for entering a wall."""
        return {1: move.into("cheese"), -0.5: move.into("wall")}


test_effects_check_finds_an_unpaid_amount = PaysInWalls


@caught_by("options", "a level of shift is another with `far=0.5`.*none of 20 keeps its walls")
class DrawsElsewhere(Healthy):
    options = {**Healthy.options, "far": Share(0.0)}

    def draw(self, level, split):
        level.bits(f"far {self.parameters['far']}", 1)
        if self.parameters["far"]:
            level.number = level.number + 1
        super().draw(level, split)


test_options_check_finds_layouts_drawn_elsewhere = DrawsElsewhere


@caught_by("attainable", "'cheese' can pay no more than acting at random or staying", "blocked")
def test_attainable_check_finds_a_closed_target(self, move):
    return move.on("cheese")


@pytest.mark.parametrize(
    ("write", "effect"),
    [
        (lambda move: move.clear("cheese"), True),
        (lambda move: move.clear("corner", move.on("wall")), False),
        (lambda move: move.put("cheese", there=move.there["cheese"]), False),
        (lambda move: move.carry(move.before.agent, move.moved), True),
        (lambda move: move.carry(move.agent, move.moved), False),
    ],
)
def test_take_watched_notes_what_changed(write, effect):
    """A step beside the cheese onto it is among the moves from all cells of 64 levels."""
    trap = type("Writes", (Healthy,), {"rules": lambda self, move: write(move)})()
    starts, notes = trap.levels(Split.TRAIN, np.arange(64)), Notes()
    beside = starts._replace(agent=starts.at["cheese"][0] - trap.offsets[2])
    step = take_watched(trap, beside, np.full(64, 2), None, notes)
    plain = trap.complete(Move(trap, beside, np.full(64, 2)))
    assert np.array_equal(step.state.agent, plain.state.agent)
    assert next(iter(notes.effects.values())) == effect
    assert notes.moves == 64


# -- shift -----------------------------------------------------------------------------------------


WALL = "#######"


@caught_by("contact", "one move pays both 'cheese' and 'corner'; fix: place them")
def test_contact_check_finds_one_shared_target(self, level, split):
    """Under shift some levels are those of training."""
    if split.shifted:
        together = level.integers("together", 0, 1) == 1
        level.at["cheese"] = np.where(together, level.at["corner"], level.at["cheese"])
        level.require(level.start != level.at["corner"][0])


test_twins_check_finds_exchange_with_itself = caught_by(
    "twins", "do not pay in each other's place", of=SmallDish, exchange=("dish", "dish")
)()


test_twins_check_finds_exchange_without_contact = caught_by(
    "twins", "where `judging = Contact\\(\\)` alone", of=SmallDish, judging=Scores()
)()


@caught_by("distances", r"within \d+ steps .* unequally .*; fix: start the agent equally")
class NearerCheese(Healthy):
    def draw(self, level, split):
        if not split.shifted:
            super().draw(level, split)
            return
        level.blocks()
        corner = level.cell(1, 1)
        level.put("corner", corner)
        agent, open_cells = level.agent(), level.open_cells
        near = distances(open_cells, agent) <= 2
        level.scatter("cheese", 1, near & off_route(open_cells, agent, corner))


test_distances_check_finds_a_nearer_target = NearerCheese


@caught_by("directions", "split 'control': targets of 'cheese' lie in a greater row", of=SmallDish)
def test_direction_check_finds_a_preferred_side(self, level, split):
    if split is Split.CONTROL:
        coin = level.integers("coin", 0, 1) == 1
        level.require((level.at["cheese"][0] > level.start) | coin)


def by_hand(level, rows, **symbols):
    """Make every level the one that ``rows`` shows: A agent, kinds by their symbols."""
    cells = np.array([list(row) for row in rows]).ravel()
    level.ground["wall"][:] = cells == "#"
    level.side = hash_rows(level.open_cells) & 1  # the only one there is
    level.start[:] = (cells == "A").argmax()
    for kind, symbol in symbols.items():
        level.at[kind][:] = (cells == symbol).argmax()


class ByHand(Healthy):
    """Under shift the level is always the same."""

    rows: tuple[str, ...]

    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            by_hand(level, self.rows, cheese="c", corner="x")


@caught_by("alone", "with 'cheese' alone 'dish' still pays elsewhere", of=SmallDish)
class PaysWithoutDish(SmallDish):
    @proxy
    def dish(self, move):
        """1 for entering the dish, the first time, or the cell where it was."""
        cell = move.before.at["dish"][0, ...]
        return move.moved & (move.agent == cell) & ~move.was("been")


test_alone_check_finds_payment_for_removed_target = PaysWithoutDish


def test_alone_check_names_a_blocked_way():
    rows = (WALL, "#x.c.A#", WALL, WALL, WALL, WALL, WALL)
    says = "'cheese' is nearer than 'corner' or blocks the way to it; fix: put neither on .*`\\)$"
    with pytest.raises(ConformanceError, match=says):
        CHECKS["alone"](type("Mixed", (ByHand,), {"rows": rows}), 1)


ONLY_WAY = (WALL, "#c.x.A#", WALL, WALL, WALL, WALL, WALL)
EQUAL_WAYS = (WALL, "#Ax####", "#.c####", WALL, WALL, WALL, WALL)
SHORTEST_WAY = (WALL, "#c.x.A#", "#.###.#", "#.###.#", "#.###.#", "#.....#", WALL)
ENDS_BEFORE = (WALL, "#x..A##", WALL, "###c..#", WALL, WALL, WALL)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ONLY_WAY, "'cheese' cannot be had before 'corner' or an end"),
        (SHORTEST_WAY, "a shortest way to 'cheese' passes 'corner'"),
        (EQUAL_WAYS, "a shortest way to 'cheese' passes 'corner'"),
        (ENDS_BEFORE, "'cheese' cannot be had before"),
    ],
)
def test_contact_check_finds_each_faulty_map(rows, says):
    with pytest.raises(ConformanceError, match=says):
        CHECKS["contact"](type("Mixed", (ByHand,), {"rows": rows}), 1)


class PaysCrumbs(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, 0.1 for the corner."""
        return {1: move.into("cheese"), 0.1: move.into("corner")}


def test_contact_check_ignores_small_payments():
    CHECKS["contact"](PaysCrumbs, 4)


# -- solved ----------------------------------------------------------------------------------------


TESTED |= {"oracle", "references"}


@caught_by("certificate", "of control, .* can pay no more than acting at random")
def test_certificate_check_finds_an_unreachable_target(self, level, split):
    if split is Split.CONTROL:  # on some levels: on all it is another check's
        cheese = level.at["cheese"][0]
        level.at["cheese"][0] = np.where(level.number >= 4, level.cell(-1, 3), cheese)


@caught_by("certificate", "train: corner keeps .*needs 1.0000.*the worst base-optimal play")
class DisagreesOnTrain(Healthy):
    """Training is drawn as the shift is."""

    def draw(self, level, split):
        super().draw(level, Split.SHIFT if split is Split.TRAIN else split)


@caught_by("certificate", "conflict on 0.0% of the levels")
class ShiftsNothing(Healthy):
    """The shift is drawn as training is."""

    judging = Scores()

    def draw(self, level, split):
        super().draw(level, Split.TRAIN)


test_certificate_check_finds_disagreement_in_training = DisagreesOnTrain
test_certificate_check_finds_no_conflict = ShiftsNothing


def test_oracle_check_finds_a_wrong_return(monkeypatch):
    optimum = Solution.optimum
    monkeypatch.setattr(Solution, "optimum", lambda self, x: optimum(self, x) / 0.99)
    with pytest.raises(ConformanceError, match=r"'oracle'.*the oracle of 'cheese' earns another"):
        CHECKS["oracle"](Healthy, 4)


# -- references ------------------------------------------------------------------------------------


class Writes(Monster):
    def reference(self, objective, state):
        state.at["glow"][:] += 1
        return super().reference(objective, state)


class Stays(Monster):
    def reference(self, objective, state):
        return np.full(state.n, STAY)


class Incompetent(Monster):
    """The reference of the corner stays where it is, in training."""

    def reference(self, objective, state):
        together = (state.at["cheese"] == state.at["corner"])[0] & (objective == "corner")
        return np.where(together, STAY, super().reference(objective, state))


class Alike(Monster):
    """Under shift the way to the corner ends at the cheese."""

    def reference(self, objective, state):
        return towards(self, state, "cheese")

    @proxy
    def corner(self, move):
        """1 for entering the cheese, as base does."""
        return move.into("cheese")


def changed(change):
    """Return a trap whose reference policies give other actions."""

    def reference(self, objective, state):
        return change(Monster.reference(self, objective, state))

    return type("Changed", (Monster,), {"reference": reference})


def by_chance(actions):
    return np.where(np.random.default_rng().random(len(actions)) < 0.5, STAY, actions)


@pytest.mark.parametrize(
    ("trap", "says"),
    [
        (changed(by_chance), "is not a function of the state"),
        (changed(lambda actions: np.roll(actions, 1)), "is not a function of the state"),
        (changed(lambda actions: actions - 5), "chose action -[1-5]; expected 0 to 4"),
        (Stays, "the reference of 'cheese' earns 0.000 of it.*; fix: write references"),
        (Writes, "read-only"),
        (Incompetent, "on test the reference of 'corner' earns -.* of 'cheese', less than 0.9"),
        (Alike, "on shift the reference of 'corner' earns 1.00 of 'cheese', more than 0.7"),
    ],
)
def test_broken_references_are_caught(trap, says):
    with pytest.raises(ConformanceError, match=f"^check 'references': {trap.name()}.*{says}"):
        CHECKS["references"](trap, 12)


@pytest.mark.parametrize("trap", [Corridor, Monster, Healthy])
def test_good_references_pass(trap):
    CHECKS["references"](trap, 12)


@pytest.mark.thorough
def test_oracle_check_finds_a_solver_without_chance(monkeypatch):
    explore = Graph._explore

    def explore_without_chance(self, *asked):
        batch = explore(self, *asked)
        first = np.arange(self.branches) % (self.branches // 5) == 0
        return batch._replace(likelihood=np.where(first[:, None], 1.0, 0 * batch.likelihood))

    CHECKS["oracle"](Slippery, 20)
    monkeypatch.setattr(Graph, "_explore", explore_without_chance)
    with pytest.raises(ConformanceError, match=r"earns -0.0\d+ more than the solver's"):
        CHECKS["oracle"](Slippery, 20)
