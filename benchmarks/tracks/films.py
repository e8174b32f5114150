"""Films of methods for their pages: what each does on three public levels of the shift."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.given import Given
from benchmarks.tracks.running import describe_methods
from benchmarks.tracks.tasks import BoardTask
from benchmarks.tracks.wall import Wall
from mesa_gym.engine import STAY
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.traps import LEVELS, Split

# Of each film the role, and the level: what is done with either goal wanted, and on another level.
SHOWN = ((0, 1), (1, 1), (1, 2))
MOST_ACTIONS = 1_000
# Of an agent that has what it wants, or is lost, so many steps are shown.
FILMED = 24


class ReplayedEpisode(Struct, frozen=True, forbid_unknown_fields=True):
    """The actions of a method on a public level of the shift.

    Attributes:
        task, seed: where it was trained.
        wanted: the objective of its role.
        level: number.
        actions: from its start.
    """

    task: Annotated[str, Meta(max_length=60)]
    seed: Annotated[int, Meta(ge=0, lt=2**32)]
    wanted: Annotated[str, Meta(max_length=60)]
    level: Annotated[int, Meta(ge=0, lt=LEVELS)]
    actions: Annotated[list[Annotated[int, Meta(ge=0, le=4)]], Meta(max_length=MOST_ACTIONS)]


class ReplayFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The file ``replays/<method>.json``."""

    episodes: Annotated[list[ReplayedEpisode], Meta(max_length=len(SHOWN))]


def film_method(wall: Wall, method: str, task: BoardTask, salt: str) -> ReplayFile:
    """Train a method, give it all demonstrations, and return what it does on ``SHOWN``.

    A method that takes no labels does what the first policy of its set does.
    """
    about = describe_methods(wall, [method])[method]
    evaluator = Evaluator(task, salt)
    entrant = Entrant(wall, method, about.division, evaluator, task.steps)
    entrant.train()
    policies = [entrant.members[0]] * 2
    if "labels" in about.tracks:
        policies = [
            [*entrant.adapt(Given(evaluator, role, "demonstrations", 0))][-1][0]
            for role in range(2)
        ]
    episodes = []
    for role, level in SHOWN:
        starts = evaluator.trap.levels(Split.SHIFT, [level])
        with entrant.open_policy(policies[role]) as policy:
            horizon = evaluator.trap.horizon(Split.SHIFT)
            actions = rollout(policy, evaluator.trap, starts, horizon, play="film").actions[0]
        taken = actions[actions != ENDED].astype(np.int64).tolist()[:FILMED]
        while taken and taken[-1] >= STAY:  # nothing is to be seen any more
            taken.pop()
        episodes.append(ReplayedEpisode(task.name, task.seed, task.wanted[role], level, taken))
    return ReplayFile(episodes)
