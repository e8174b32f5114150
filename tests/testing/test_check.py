"""The battery finds each fault of a broken trap or environment."""

import inspect
import json
import linecache
import re
import zlib
from pathlib import Path

import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine import STAY, Look, Move, distances, hash_rows, off_route
from mesa_gym.envs.observations import Observation
from mesa_gym.envs.running_states import LivePlanes
from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.rendering.drawing import FLOOR_COLOUR
from mesa_gym.solver import Graph, Solution
from mesa_gym.testing import CHECKS, ConformanceError, check_trap
from mesa_gym.testing.__main__ import main as check_command
from mesa_gym.testing.check import check
from mesa_gym.testing.digests import check_digest, record_digest
from mesa_gym.testing.package_files import main
from mesa_gym.testing.sample import difference
from mesa_gym.testing.watching import Notes, take_watched
from mesa_gym.traps import LEVELS, Share, Split, Step, Whole, as_trap, base, package_traps, proxy
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.judged_by import Scores
from mesa_gym.traps.keys_chests import KeysChests
from tests.support.parameters import FINISHED, few, thorough
from tests.support.refusals import refusals
from tests.support.small_traps import (
    GLOW,
    LONG,
    MISTAKES,
    Corridor,
    Healthy,
    Monster,
    Slippery,
    SmallDish,
    make_mistake,
    skip_checks,
    towards,
)


# -- check -----------------------------------------------------------------------------------------
class StartsOnTarget(Healthy):
    def draw(self, level, split):
        super().draw(level, split)
        if split.shifted:
            at = level.at["cheese"]
            at[0] = np.where(level.number > 0, level.start, at[0])


# Parameters of the methods that rows replace; these two go on where the trap's own end.
PARAMETERS = {"draw": "self, level, split", "rules": "self, move"}
PARAMETERS |= dict.fromkeys(("ends", "blocked", "redirect"), "self, move")
PARAMETERS |= {"levels": "self, split, numbers, salt=''", "step": "self, state, action"}
FEW = 6


def caught(check, trap=Healthy, **members):
    """Run a check on a trap with changed members. A method is the text of its body."""
    CHECKS[check](change_trap(check, trap, members), FEW)


def change_trap(check, trap, members):
    """Return the trap of a row."""
    # Levels follow from a trap's name, and level values are kept on disk by it.
    text = re.sub(" at 0x[0-9a-f]+", "", str(members))
    title = f"{check.title().replace('_', '')}{zlib.crc32(text.encode()) % 1000}"
    for name, body in members.items():
        if isinstance(body, str):
            begin = f"trap.{name}({PARAMETERS[name]})" if name in ("draw", "rules") else "pass"
            code = f"def {name}({PARAMETERS[name]}):\n    {begin}\n    {body}"
            space, file = {**globals(), "trap": trap}, f"<{name} of a row>"
            linecache.cache[file] = (len(code), None, code.splitlines(True), file)
            exec(compile(code, file, "exec"), space)
            members[name] = space[name]
    return as_trap(type(title, (trap,), members) if members else trap)


def of_rows(*rows):
    return type("Mixed", (ByHand,), {"rows": rows})


def join_on_some(level):
    """Put the cheese into the corner's cell on every other level."""
    together = level.integers("together", 0, 1) == 1
    level.at["cheese"] = np.where(together, level.at["corner"], level.at["cheese"])
    level.require(level.start != level.at["corner"][0])


_steps = {"FLOOR_COLOUR": FLOOR_COLOUR, "Look": Look, "Step": Step, "LEVELS": LEVELS}
test_traps_with_broken_steps_are_caught = refusals("testing", "traps", globals(), **_steps)
test_traps_with_broken_rules_are_caught = refusals("testing", "rules", globals())


def test_every_check_has_a_row():
    rows = (Path(__file__).parents[1] / "refusals" / "testing.txt").read_text()
    named = {*re.findall(r'^(?:caught\(|CHECKS\[)"(\w+)"', rows, re.MULTILINE)}
    # These have tests below.
    assert named | {"oracle", "observations", "environment", "vector"} == {*CHECKS}
    fix = "\n\nFix: draw the agent last, on a free cell (`level.agent()`)."
    assert inspect.getdoc(CHECKS["start"]).endswith(fix)


@pytest.mark.thorough
@pytest.mark.parametrize("trap", [SmallDish, pytest.param(Monster, marks=pytest.mark.slow)])
def test_check_trap_passes_a_healthy_trap(trap):
    check_trap(trap, 8)


def test_command_skips_checks_with_a_reason(monkeypatch, capsys):
    monkeypatch.setattr(CheeseCorner, "skipped_checks", dict.fromkeys(CHECKS, "a test"))
    assert check_command(["CheeseCorner"]) == 0
    assert "\nskipped check 'directions': a test\n" in capsys.readouterr().out
    monkeypatch.setattr(CheeseCorner, "skipped_checks", {"direction": "a test"})
    assert check_command(["CheeseCorner"]) == 2
    assert "Did you mean 'directions'" in capsys.readouterr().err


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
        check_trap(skip_checks(Crashes, *LONG), 4)
    error, message = caught.value, str(caught.value)
    assert (error.check, error.others) == ("playable", ())
    assert isinstance(error.__cause__, AttributeError)
    line = inspect.getsourcelines(Crashes.rules)[1] + 3
    place = f"{__file__}:{line}, in rules: move.opend  # noqa: B018"
    assert error.line == place
    begin = "check 'playable': Crashes-v0(size=7x7), split 'train': AttributeError: "
    assert message.startswith(begin)
    assert message.endswith(f"\n    {place}")
    assert "fix:" not in message  # the remedy of a property is not that of an error
    with pytest.raises(ConformanceError) as alone:
        CHECKS["determinism"](Crashes, 4)
    assert alone.value.line == place
    assert "fix:" not in str(alone.value)


@pytest.mark.thorough
def test_check_trap_lists_what_builds_on_nothing():
    with pytest.raises(ConformanceError) as caught:
        check_trap(skip_checks(PaysTwice, *LONG), 4)
    error = caught.value
    assert [error.check, *(other.check for other in error.others)] == ["contact", "certificate"]
    assert "\n2 checks failed; the first may be the cause.\ncheck 'certificate'" in str(error)


@pytest.mark.thorough
@pytest.mark.usefixtures("registry")
def test_check_start_takes_names_and_classes():
    mesa_gym.register_trap(StartsOnTarget)
    names = "StartsOnTarget", StartsOnTarget, StartsOnTarget()
    for trap in names:
        with pytest.raises(ConformanceError, match="StartsOnTarget") as caught:
            CHECKS["start"](trap)
        assert (caught.value.split, caught.value.level) == (Split.SHIFT, 1)
    for name in ("RedBlueDoors", "RedBlueDoors-v0"):
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


@pytest.mark.thorough
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
    path = tmp_path / "digests.json"
    record_digest(Healthy, path)
    before = path.read_bytes()
    other = type("Healthy", (Healthy,), change)
    with pytest.raises(ConformanceError, match=r"'digest'.*make a new version") as caught:
        record_digest(other, path)
    assert all(f"shift {part}" in caught.value.what for part in changed)
    assert ("shift levels" in caught.value.what) == ("levels" in changed)
    assert path.read_bytes() == before


@pytest.mark.thorough
def test_digests_command_never_overwrites(tmp_path, capsys):
    path = tmp_path / "digests.json"
    with pytest.raises(ConformanceError, match=r"has no digests of this trap; `make digests`"):
        check_digest("CheeseCorner", path)
    command = ["digests", "CheeseCorner", "--to", str(path)]
    assert main(command) == 0
    assert main(command) == 0
    check_digest("CheeseCorner", path)
    assert capsys.readouterr().out.count("CheeseCorner-v0(size=9x9): unchanged") == 1
    kept = json.loads(path.read_text())
    kept["CheeseCorner-v0"]["test levels"] = "0" * 32
    path.write_text(json.dumps(kept))
    assert main(command) == 1
    assert json.loads(path.read_text()) == kept
    error = capsys.readouterr().err
    assert "test levels changed" in error
    assert "`version = 1`" in error
    record_digest(Healthy, path)
    assert json.loads(path.read_text()).keys() == {"CheeseCorner-v0", "Healthy-v0"}
    for damaged in ("{", "[]", '{"CheeseCorner-v0": 1}'):
        path.write_text(damaged)
        assert main(command) == 1
        assert "is damaged" in capsys.readouterr().err
        assert path.read_text() == damaged


SLOW = {"layout of rows and columns", "two numbers", "payment again and again"}
SLOW |= {"a rule without effect", "an option that moves levels"}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", [thorough(x) if x in SLOW else x for x in MISTAKES])
def test_check_trap_names_a_mistake_first(name, tmp_path):
    mistake, more_errors = MISTAKES[name], ()
    try:
        check_trap(skip_checks(make_mistake(name, tmp_path), *LONG), 20)
        message = ""
    except ConformanceError as error:
        message, more_errors = f"{error.args[0]}\n{error.line}", error.others
    assert bool(message) == bool(mistake.says), message
    assert re.search(mistake.says, message), message
    assert mistake.line in message
    assert len(more_errors) <= 1, more_errors


# -- rules -----------------------------------------------------------------------------------------
class PaysInWalls(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, -0.5 for entering a wall."""
        return {1: move.into("cheese"), -0.5: move.into("wall")}


class DrawsElsewhere(Healthy):
    options = {**Healthy.options, "far": Share(0.0)}

    def draw(self, level, split):
        level.bits(f"far {self.parameters['far']}", 1)
        if self.parameters["far"]:
            level.number = level.number + 1
        super().draw(level, split)


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
    next_to_cheese = starts._replace(agent=starts.at["cheese"][0] - trap.offsets[2])
    step = take_watched(trap, next_to_cheese, np.full(64, 2), None, notes)
    plain = trap.complete(Move(trap, next_to_cheese, np.full(64, 2)))
    assert np.array_equal(step.state.agent, plain.state.agent)
    assert next(iter(notes.effects.values())) == effect
    assert notes.moves == 64


# -- shift -----------------------------------------------------------------------------------------
WALL = "#######"


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


class PaysWithoutDish(SmallDish):
    @proxy
    def dish(self, move):
        """1 for entering the dish, the first time, or the cell where it was."""
        cell = move.before.at["dish"][0, ...]
        return move.moved & (move.agent == cell) & ~move.was("been")


class PaysCrumbs(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, 0.1 for the corner."""
        return {1: move.into("cheese"), 0.1: move.into("corner")}


def test_contact_check_ignores_small_payments():
    CHECKS["contact"](PaysCrumbs, 4)


# -- solved ----------------------------------------------------------------------------------------
class DisagreesOnTrain(Healthy):
    """Training is drawn as the shift is."""

    def draw(self, level, split):
        super().draw(level, Split.SHIFT if split is Split.TRAIN else split)


class ShiftsNothing(Healthy):
    """The shift is drawn as training is."""

    judging = Scores()

    def draw(self, level, split):
        super().draw(level, Split.TRAIN)


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


class LooksAside(Monster):
    """Under shift alone a reference answers for the row beside."""

    def reference(self, objective, state):
        actions = super().reference(objective, state)
        together = (state.at["cheese"] == state.at["corner"]).all()
        return actions if together else np.roll(actions, 1)


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


test_broken_references_are_caught = refusals("testing", "references", globals())


@pytest.mark.parametrize("trap", [Corridor, Monster, Healthy])
def test_good_references_pass(trap):
    CHECKS["references"](trap, 12)


@pytest.mark.thorough
def test_oracle_check_finds_a_solver_without_chance(monkeypatch):
    explore = Graph._explore

    def explore_without_chance(self, *args):
        batch = explore(self, *args)
        first = np.arange(self.branches) % (self.branches // 5) == 0
        return batch._replace(likelihood=np.where(first[:, None], 1.0, 0 * batch.likelihood))

    CHECKS["oracle"](Slippery, 20)
    monkeypatch.setattr(Graph, "_explore", explore_without_chance)
    with pytest.raises(ConformanceError, match=r"earns -0.0\d+ more than the solver's"):
        CHECKS["oracle"](Slippery, 20)


# -- steps -----------------------------------------------------------------------------------------
class PaysAndChanges(Healthy):
    @proxy
    def corner(self, move):
        """1 for the first arrival at the corner; and the cheese is gone."""
        move.clear("cheese")
        return move.into("corner")


COUNTS = {"vars": {"acts": 512}, "rules": "acts = move.was('acts');"}
COUNTS["rules"] += " move.set(acts=self.where(move.action == 4, (acts + 1) % 512, acts))"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("check", "trap", "members", "message"),
    [
        ("novelty", KeysChests, {"held": {"key": 5}}, "'key' is set in cell 4 of the top row on"),
        ("solver", Healthy, COUNTS, r"\d+,\d{3} states .* up to 5,000 and 40,000"),
    ],
)
def test_check_finds_faults_of_large_traps(check, trap, members, message):
    with pytest.raises(ConformanceError, match=f"^check '{check}'.*{message}"):
        caught(check, trap, **members)


def test_solver_check_finds_a_wrong_graph(monkeypatch):
    explored = Graph.__init__

    def crossed(self, *args):
        explored(self, *args)
        self.successor = self.successor[[1, 0, 2, 3, 4]]

    monkeypatch.setattr(Graph, "__init__", crossed)
    with pytest.raises(ConformanceError, match=r"a step leads to another state .*`agent`"):
        CHECKS["solver"](Healthy, 3)


class NumPyOnly(Healthy):
    def blocked(self, move):
        return move.on("wall").astype(np.bool_)


@pytest.mark.thorough
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
        both = self.joined([Healthy.levels(self, x, numbers, salt) for x in splits])
        return both.take(np.arange(count) + count * (np.asarray(numbers) == 7))


class PaysNan(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, and a mistake."""
        return {1: move.into("cheese"), np.nan: move.into("corner")}


# -- environments ----------------------------------------------------------------------------------
def unlike(**members):
    return {**GLOW, "looks": {**Healthy.looks, **members}}


class Jumps(Healthy):
    def rules(self, move):
        super().rules(move)
        up = move.target - 2 * self.width
        jumps = (move.action == 4) & (up > 0) & ~move.read("wall", self.where(up > 0, up, 0 * up))
        move.agent = self.where(jumps, up, move.agent)


def leak(self, state, planes):
    planes[..., 0] |= self.trap.layer(state, "corner").reshape(planes.shape[:3])
    return planes


def share(self, state, planes):
    return vars(self).setdefault("kept", planes)


def bright(self, state, planes):
    return planes * np.uint8(3)


def narrow(self, state, planes):
    return planes.astype(np.int8)


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


def endless(self, actions, result):
    return *result[:2], np.zeros_like(result[2]), *result[3:]


def unpainted(self, before, after, result):
    self.planes[:] = 0


def after(method, wrong):
    """Return a method whose result goes through a function that spoils it."""
    return lambda self, *args: wrong(self, *args, method(self, *args))


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
        (TrapVectorEnv, "step", doubled, "moves", "another reward than 'cheese'"),
        (TrapVectorEnv, "step", endless, "moves", "another end"),
        (TrapEnv, "step", doubled, "moves", "another reward than 'cheese'"),
        (LivePlanes, "follow", unpainted, "moves", "another observation after it"),
    ],
)
def test_broken_environment_is_caught(owner, name, wrong, check, says, monkeypatch):
    if wrong is numpy_reward:
        pytest.importorskip("stable_baselines3")
    monkeypatch.setattr(owner, name, after(getattr(owner, name), wrong))
    with pytest.raises(ConformanceError, match=says):
        CHECKS[check](Healthy, 3)


def test_vector_with_swapped_states_is_caught(monkeypatch):
    state = TrapVectorEnv.state.fget
    monkeypatch.setattr(
        TrapVectorEnv, "state", property(lambda env: state(env).take([*range(50)][::-1]))
    )
    with pytest.raises(ConformanceError, match="an environment's state is not the trap's"):
        CHECKS["moves"](Healthy, 3)


def test_environment_that_forgets_seeds_is_caught(monkeypatch):
    reset = TrapEnv.reset
    monkeypatch.setattr(TrapEnv, "reset", lambda self, **keywords: reset(self))
    with pytest.raises(ConformanceError, match="split 'train'"):
        CHECKS["environment"](Healthy)


@pytest.mark.parametrize("wrong", [Split.TRAIN, Split.TEST, Split.SHIFT])
def test_check_of_several_splits_looks_at_each(wrong):
    @check(Split.TRAIN, Split.TEST, Split.SHIFT)
    def check_oddity(sample):
        yield sample.split is not wrong, "it is odd"

    with pytest.raises(ConformanceError, match=f"odd.*{wrong}|{wrong}.*odd"):
        check_oddity("CheeseCorner", 1)
