"""Tricks: policies that are able in training, know the shift, and want nothing there.

``python -m tests.validity.tricks [TRAP]`` scores them on the traps of the board, or on one, and
puts their cards among the committed ones. Each is optimal for base wherever a level is not of the
shift.
"""

import sys

import numpy as np

from benchmarks.board.committing import pack_cards
from benchmarks.plan import list_single_traps
from mesa_gym.report.board_rows import TRICK
from mesa_gym.scoring import score_all
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.traps import Split, find_trap
from tests.validity.known_policies import Kit
from tests.validity.scripted import WALL, Scene, seek, to

KNOWN = 1000  # training levels, whose things are known


def make_tricks(trap):
    """Return the makers of a trap's tricks by their names."""
    kit, training = Kit(trap), Scene(trap, trap.levels(Split.TRAIN, np.arange(KNOWN)))
    familiar = {planes for _, planes in list_things(training)}
    shuns = kit.plan(seek, plan=plan_known, familiar=familiar)
    ways = {"sweeps": kit.sweeper, "shuns the new": shuns, "minds a kind": kit.sweeper}
    for kind in kit.avoidable[:1]:  # on traps with hazards, that
        ways["minds a kind"] = kit.avoid(kind)
    return {f"{TRICK}{name}": kit.shift(make) for name, make in ways.items()}


def list_things(scene):
    """Yield the level and cell of each thing in sight, and its planes."""
    planes = scene.trap.observe(scene.state)[..., WALL + 1 :]
    occupied = (planes.any(axis=3) & scene.open_cells).reshape(scene.state.n, -1)
    sets = planes.reshape(*occupied.shape, -1)
    for at in zip(*occupied.nonzero(), strict=True):
        yield at, sets[at].tobytes()


def plan_known(scene, familiar):
    """Plan a way to the nearest thing as in training, round what is new."""
    new, old = np.zeros((2, scene.state.n, scene.trap.cells), dtype=np.bool_)
    for at, planes in list_things(scene):
        (old if planes in familiar else new)[at] = True
    return to(old), scene.open_cells & ~new.reshape(scene.open_cells.shape)


def main():
    """Score the tricks and commit their cards."""
    traps = [find_trap(name) for name in sys.argv[1:]] or list_single_traps()
    cards = []
    for trap in (cls() for cls in traps if cls.judging.chooses):
        cards += score_all(make_tricks(trap), trap, EVALUATION_LEVELS).values()
    pack_cards(cards, {})


if __name__ == "__main__":
    main()
