"""Optimal actions that the cache keeps for oracles, or that the package has."""

import sys
from functools import cache as cached
from pathlib import Path

import numpy as np
import pytest

from mesa_gym.policies import Oracle, as_policy
from mesa_gym.policies.names import NEAREST, ORACLE
from mesa_gym.policies.oracle import NearestTarget
from mesa_gym.scoring import score, score_all
from mesa_gym.solver import Solution, actions, cache, identity, values
from mesa_gym.solver.actions import ActionTable
from mesa_gym.solver.cache import name_file, name_shelf, pack_arrays
from mesa_gym.solver.identity import read_statements
from mesa_gym.testing import package_files
from mesa_gym.traps import Split, find_trap
from tests.support.parameters import few
from tests.support.small_traps import Slippery, SmallDish

TRAPS = {
    "small": SmallDish,
    "outcomes": lambda: Slippery(7),
    "places": lambda: find_trap("CheeseCorner")(7),
    "no places": lambda: find_trap("KeysChests")(),
    "three objectives": lambda: find_trap("Attributes")(7),
    "by returns": lambda: find_trap("TreeFarm")(7),
}
with_traps = few(TRAPS, thorough={"small", "outcomes", "no places"})


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    return tmp_path


def refuse(*_):
    raise AssertionError("solved again")


def forbid_solving(monkeypatch):
    monkeypatch.setattr(values, "solutions", refuse)
    monkeypatch.setattr("mesa_gym.policies.oracle.solutions", refuse)
    monkeypatch.setattr("mesa_gym.scoring.playing.Solution", refuse)


@pytest.mark.parametrize("trap", with_traps)
def test_kept_actions_give_the_same_card(trap, monkeypatch):
    game = TRAPS[trap]()
    names = [*(f"oracle:{x}" for x in game.objectives), "nearest"]
    monkeypatch.setattr(values, "CHUNK_STATES", 300)
    cold = {name: score(name, game, levels=8) for name in names}
    forbid_solving(monkeypatch)
    for name, card in cold.items():
        assert score(name, game, levels=8) == card
        other = score(name, game, levels=8, seed=1)  # other ties are taken
        assert other.verdict == card.verdict
    makers = {x: lambda h, x=x: as_policy(x, game, h) for x in (*names, "random")}
    assert {x: y for x, y in score_all(makers, game, 8).items() if x != "random"} == cold


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("objective", ["base", "proxy", "nearest"])
def test_table_knows_what_a_policy_can_meet(trap, objective):
    """State by state, along all actions that the policy may take and all that chance may do."""
    game = TRAPS[trap]()
    starts, horizon = game.levels(Split.SHIFT, np.arange(4)), 12
    goal = {"base": game.base, "proxy": [*game.proxies][-1]}.get(objective)
    policy = (Oracle if goal else NearestTarget)(game, goal or "base", horizon)
    solution, table = Solution(game, starts, horizon), ActionTable(game, starts, horizon)
    masks, graph = policy.sets(solution), solution.graph
    table.add(solution, masks)
    states = graph.numbers.unrank(starts, graph.level_row, graph.rank)
    states = states.map(lambda array: array[..., 0, :])
    numbers = {*graph.start.tolist()}
    for t in range(horizon):
        sets = table.find(states, np.full(states.n, t))
        assert {*sets.nonzero()[0].tolist()} == numbers
        assert all(sets[state] == masks[t][state] for state in numbers)
        branches = [(b, s) for s in numbers for b in range(graph.branches)
                    if masks[t][s] >> (b * 5 // graph.branches) & 1]  # fmt: skip
        numbers = {int(graph.successor[x]) for x in branches} - {len(graph)}


def test_table_knows_no_changed_level():
    """Its levels have the numbers and keys of those that they were changed from."""
    trap = SmallDish()
    starts = trap.levels(Split.SHIFT, np.arange(4))
    solution, table = Solution(trap, starts, 12), ActionTable(trap, starts, 12)
    table.add(solution, solution.oracle("dish"))
    for state, is_known in ((starts, True), (trap.twins(starts), False)):
        assert ((table.find(state, np.zeros(4, np.int64)) > 0) == is_known).all()


DAMAGES = {
    "lacking": lambda a: {key: array for key, array in a.items() if key != "mask|twins"},
    "shorter": lambda a: a | {"span|shift": a["span|shift"][1:]},
    "no action": lambda a: a | {"mask|shift": 0 * a["mask|shift"]},
    "six actions": lambda a: a | {"mask|shift": a["mask|shift"] + 32},
    "overlapping": lambda a: a | {"span|shift": a["span|shift"] + 1000},
    "other type": lambda a: a | {"gap|shift": a["gap|shift"].astype(float)},
    "empty": lambda a: {key: array[:0] for key, array in a.items()},
}


@pytest.mark.thorough
@pytest.mark.parametrize("change", [*DAMAGES, "not a zip", "a number differs"])
def test_actions_that_are_damaged_are_solved_again(change, folder, monkeypatch):
    card = score("oracle:dish", SmallDish(), levels=3)
    (path,) = [x for x in folder.glob("*-shift-*.npz") if "gap|shift" in np.load(x).files]
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in kept.files}
    if change in DAMAGES:
        wrong, shelf = DAMAGES[change](arrays), path.stem.rpartition("-")[0]
        path.rename(path := path.with_name(name_file(shelf, wrong)))
        path.write_bytes(pack_arrays(wrong))
    elif change == "not a zip":
        path.write_bytes(b"PK")
    else:
        np.savez(path, **(arrays | {"mask|shift": arrays["mask|shift"] ^ 1}))
    assert score("oracle:dish", SmallDish(), levels=3) == card
    forbid_solving(monkeypatch)
    assert score("oracle:dish", SmallDish(), levels=3) == card


@pytest.mark.thorough
def test_actions_of_other_oracles_are_not_kept(folder, monkeypatch):
    """Oracles of another time limit and classes of one's own act as they say."""

    class Contrary(Oracle):
        def sets(self, solution):
            return solution.oracle("dish")

    trap = SmallDish()
    horizon = trap.horizon(Split.SHIFT)
    cheese = score("oracle:cheese", trap, levels=5).choices
    files = {*folder.iterdir()}
    assert score(Contrary(trap, "cheese", horizon), trap, levels=5).verdict == "proxy:dish"
    assert score(Oracle(trap, "cheese", horizon), trap, levels=5).choices == cheese
    score(Oracle(trap, "cheese", horizon - 1), trap, levels=5)
    score("aimless", trap, levels=5)
    assert files == {*folder.iterdir()}


def test_actions_depend_on_the_sources_of_oracles():
    """An edited policy reads nothing that another one kept."""

    def name(*classes, policy="oracle:cheese"):
        return name_shelf(SmallDish(), Split.TEST, 20, "", policy, *classes)

    assert name(Oracle) == name(Oracle) != name(Oracle, policy="oracle:dish")
    assert name() != name(Oracle)


def test_actions_beyond_the_limit_are_not_kept(folder, monkeypatch):
    """The first chunks' levels are played from the table."""
    card = score("oracle:cheese", SmallDish(), levels=9)
    for path in folder.iterdir():
        path.unlink()
    added, add = [], ActionTable.add
    monkeypatch.setattr(ActionTable, "add", lambda *args: added.append(add(*args)) or added[-1])
    monkeypatch.setattr(values, "CHUNK_STATES", 60)
    monkeypatch.setattr(actions, "MOST_ENTRIES", 20)
    assert score("oracle:cheese", SmallDish(), levels=9) == card
    assert any(added)
    assert not all(added)
    assert not [x for x in folder.iterdir() if "gap|train" in np.load(x).files]


# -- the package's actions -------------------------------------------------------------------------
def list_actions(folder):
    return [x for x in folder.glob("*.npz") if any("gap|" in y for y in np.load(x).files)]


def edit_source(monkeypatch):
    """Let the trap's file have another statement."""
    usual, path = identity.read_bytes, Path(sys.modules[SmallDish.__module__].__file__)
    monkeypatch.setattr(identity, "read_bytes", lambda x: usual(x) + b"\nX = 1" * (x == path))
    monkeypatch.setattr(identity, "read_statements", cached(read_statements.__wrapped__))


@pytest.mark.thorough
@pytest.mark.parametrize("change", ["none", "levels", "salt", "keyword", "source"])
def test_packaged_actions_serve_their_request_alone(change, folder, monkeypatch):
    """Other levels, another keyword or an edited file of the trap are solved."""
    trap = SmallDish(9 if change == "keyword" else 7)
    options = {"levels": 5 if change == "levels" else 6, "salt": "s" * (change == "salt")}
    cards = [score(policy, trap, **options) for policy in (ORACLE, NEAREST)]
    for path in folder.iterdir():
        path.unlink()
    monkeypatch.setattr(package_files, "EVALUATION_LEVELS", 6)
    monkeypatch.setattr(package_files, "ACTION_TRAPS", (trap.name(),))
    package_files.make_values(SmallDish(7), folder / "package")
    monkeypatch.setattr(cache, "STANDARD_FOLDER", folder / "package")
    if change == "source":
        edit_source(monkeypatch)
    assert not list_actions(folder)
    assert [score(policy, trap, **options) for policy in (ORACLE, NEAREST)] == cards
    assert len(list_actions(folder)) == (0 if change == "none" else 2 * len(Split))


@pytest.mark.thorough
@pytest.mark.parametrize("trap", package_files.ACTION_TRAPS)
@pytest.mark.parametrize("policy", [NEAREST, ORACLE])
def test_first_cards_take_packaged_actions(trap, policy, monkeypatch):
    """``make values`` writes them again after an edit."""
    forbid_solving(monkeypatch)
    assert score(policy, find_trap(trap)()).provenance.levels == 1000
