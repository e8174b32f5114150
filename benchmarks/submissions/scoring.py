"""Scoring what strangers submit: each agent in a room of its own, or replayed from its trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.rooms import locks
from benchmarks.rooms.policy import RoomPolicy
from benchmarks.rooms.room import Bounds, Rooms
from benchmarks.submissions.files import harmless
from benchmarks.submissions.format import Submission, SubmittedAgent, TraceAgent, Weights
from mesa_gym.envs.observations import OBSERVATIONS
from mesa_gym.errors import PolicyError
from mesa_gym.scoring import ScoreCard, Trace, score_all
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.score import Player
from mesa_gym.traps import Trap, find_trap

# While a policy is scored on one trap; an answer is a number for each row and action.
BOUNDS = Bounds(seconds=600, answer_seconds=30, memory=1 << 30, message_bytes=1 << 24)


def require_sound(submission: Submission, folder: Path, levels: int, salt: str) -> None:
    """Refuse at once what can be seen to be wrong with a submission.

    Raises:
        ValueError: a file is missing, not of its kind or that of another seed, or a trace is not of
            these levels or of these rules.
        OSError: an agent would have to be run, and this system cannot lock it up.
    """
    found: dict[tuple[str, str], SubmittedAgent] = {}
    for agent in submission.agents:
        try:
            if isinstance(agent, TraceAgent):
                require_whole(agent.trace(folder), find_trap(agent.trap)(), levels, salt)
                continue
            other = found.setdefault((agent.trap, agent.digest(folder)), agent)
            if other is not agent:
                raise ValueError(
                    f"its file is that of seed {other.seed}; each seed has a training and a file of"
                    " its own"
                )
        except ValueError as error:
            who = f"{submission.name_agent(agent)} on {agent.trap}"
            raise ValueError(f"{who}: {harmless(error)}") from None
    if found:
        locks.require_locks()


def require_whole(trace: Trace, trap: Trap, levels: int, salt: str = "") -> None:
    """Raise ValueError unless a trace holds all that is played, and what the rules allow."""
    if trace.seed != 0:
        raise ValueError(
            f"the trace was recorded with seed {trace.seed} of the sampling; record it with seed 0,"
            " as all cards of a board are scored"
        )
    trace.verify(trap, salt)
    for name, play in plays_of(trap).items():
        trace.actions_on(name, np.arange(play.count_levels(levels)))


def score_agent(
    name: str, agent: SubmittedAgent, folder: Path, levels: int, salt: str
) -> ScoreCard:
    """Return an agent's card.

    Args:
        name: of the agent on it.
        agent: one that ``require_sound`` accepted.
        folder: of the submission.
        levels: of each split.
        salt: an evaluator's secret.

    Raises:
        PolicyError: it cannot be loaded, or fails.
    """
    trap = find_trap(agent.trap)()

    def score(player: Player) -> ScoreCard:
        return score_all({name: player}, trap, levels, salt=salt)[name]

    if isinstance(agent, TraceAgent):
        return score(agent.trace(folder))
    with make_rooms() as rooms:
        try:
            policy = open_policy(rooms, agent, agent.read(folder))
        except PolicyError as error:
            raise PolicyError(f"policy {name!r} on {agent.trap}, being loaded: {error}") from None
        with policy.room:
            return score(lambda horizon: policy)


def make_rooms() -> Rooms:
    """Return the source of rooms for submitted files."""
    return Rooms("benchmarks.submissions.inside")


def open_policy(
    rooms: Rooms, agent: SubmittedAgent, data: bytes, bounds: Bounds = BOUNDS
) -> RoomPolicy:
    """Return the policy of a submitted file, in a room of its own; close that.

    Raises:
        PolicyError: it cannot be loaded.
        OSError: no process can be locked up.
    """
    room = rooms.open("", bounds=bounds)
    architecture = agent.architecture if isinstance(agent, Weights) else ""
    observation = room.call("load", str, agent.trap, architecture, data)
    if observation not in OBSERVATIONS:
        room.fail(f"it wants the observation {observation[:100]!r}, which there is not")
    return RoomPolicy(room, observation=observation)
