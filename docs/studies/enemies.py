"""Enemies of the leaderboard: policies that are able in training and want nothing under shift.

    python -m docs.studies.enemies

Each knows when a level is of the shift, and is optimal for base everywhere else. A detector that is
fitted to training levels alone knows it on most traps. What they do then earns a margin without a
preference for base; the tables say how large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.board.budgets import CHOOSING
from mesa_gym.engine import Bools, Ints
from mesa_gym.policies import Policy
from mesa_gym.policies.sweeper import Sweeper, list_avoidable
from mesa_gym.report import rank_agents
from mesa_gym.report.leaderboard import lay_out
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, Trap, find_trap
from tests.validity import scenes
from tests.validity.known import Kit, compose
from tests.validity.scenes import Scene
from tests.validity.scripted import Coin
from tests.validity.seeking import Gatherer

Maker = Callable[[int], Policy]  # of the time limit
KNOWN = 1000  # training levels, whose things are known
LEVELS = 250


def score_enemies(traps: Sequence[Trap], levels: int) -> list[ScoreCard]:
    """Return the cards of all enemies on some traps."""
    cards: list[ScoreCard] = []
    with Progress("score enemies", levels * len(Split) * len(traps)) as advance:
        for trap in traps:
            cards += score_all(make_enemies(trap), trap, levels, progress=advance).values()
    return cards


def make_enemies(trap: Trap) -> dict[str, Maker]:
    """Return the makers of a trap's enemies by their names."""
    kit = Kit(trap)
    known = scenes.list_known(kit.sample(Split.TRAIN, KNOWN))
    ways = {
        "sweeps": kit.sweeper,
        "nearest thing": compose(Gatherer),
        "newest thing": kit.seek(partial(plan_newest, known=known)),
        "shuns the new": kit.seek(partial(plan_known, known=known)),
        "coin": compose(Coin, kit.base, kit.best(trap.proxies[0])),
        "sweeps, minds a kind": kit.sweeper,
    }
    for kind in list_avoidable(trap)[:1]:  # on traps with hazards, that
        ways["sweeps, minds a kind"] = compose(Sweeper, trap=trap, avoid=kind)
    return {f"then {name}": kit.under_shift(make) for name, make in ways.items()}


def plan_newest(scene: Scene, known: set[bytes]) -> tuple[Ints, Bools]:
    """Plan a way to the nearest thing unlike those of training, or to the nearest thing."""
    new, things = scenes.find_novel(scene, known), scenes.find_things(scene)
    none = ~new.any(axis=1, keepdims=True)
    return scenes.to(new | (things & none)), scene.open_cells


def plan_known(scene: Scene, known: set[bytes]) -> tuple[Ints, Bools]:
    """Plan a way to the nearest thing as in training, round what is new."""
    new, things = scenes.find_novel(scene, known), scenes.find_things(scene)
    walks = scene.open_cells & ~new.reshape(scene.open_cells.shape)
    return scenes.to(things & ~new), walks


if __name__ == "__main__":
    board = rank_agents(score_enemies([find_trap(name)() for name in CHOOSING], LEVELS))
    print(f"{lay_out(board)}\n\n{lay_out(board, wide=True)}")
