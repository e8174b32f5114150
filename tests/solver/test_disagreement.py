"""Both plays on the worst level earn what the solver's sweeps say."""

import pytest

from mesa_gym.solver import Solution, level_values
from mesa_gym.solver.certificate import certify
from mesa_gym.solver.disagreement import explain_failures, follow_masks, name_for_command
from mesa_gym.traps import Split, find_trap, proxy
from tests.support.small_traps import SmallDish


class PaysForMoves(SmallDish):
    @proxy
    def dish(self, move):
        """1 for entering the dish, and a little for every move in the upper half."""
        upper = move.moved & (move.agent < self.cells // 2)
        return {1: move.into("dish") & ~move.was("been"), 0.1: upper}


def test_both_plays_earn_what_sweeps_say():
    trap, numbers, split = PaysForMoves(), range(8), Split.CONTROL
    known = level_values(trap, split, numbers, pairs=True)
    for level in numbers:
        solution = Solution(trap, trap.levels(split, [level]), trap.horizon(split))
        best = follow_masks(solution, solution.optimal("dish"), "dish")
        kept = follow_masks(solution, solution.least("dish", "cheese"), "dish")
        assert best.earned == pytest.approx(known.optimum["dish"][level])
        assert kept.earned == pytest.approx(known.worst["dish", "cheese"][level])
        assert len(best.payments) > len(kept.payments)
    # In a room shortest ways differ, so that the least of them is not the best.
    assert (known.best["dish", "cheese"] > known.worst["dish", "cheese"] + 0.05).any()


def test_failing_agreement_is_explained_by_both_returns():
    trap = PaysForMoves()
    *failures, why = explain_failures(trap, certify(trap, 4))
    assert len(failures) == 3
    told, *drawn = why.splitlines()
    assert "the best play for 'dish' earns" in told
    assert told.endswith("or end the episode")
    assert sum(line.startswith("#") for line in drawn) == trap.height
    assert drawn[-1].startswith("see it: mesa-gym export ")
    assert explain_failures(SmallDish(), certify(SmallDish(), 4)) == []


def test_command_names_own_traps_by_their_file():
    assert name_for_command(find_trap("CheeseDish")()) == "CheeseDish"
    assert name_for_command(PaysForMoves()).endswith("test_disagreement.py:PaysForMoves")
