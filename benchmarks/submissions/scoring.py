"""Scoring what strangers submit: each agent in a room of its own, or replayed from its trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
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
# Agents that run at the same time, each in a process of 250 MB; a trap's levels are solved once
# for all of them.
AT_ONCE = 8


@dataclass(frozen=True)
class Terms:
    """Terms by which a submission is scored.

    Attributes:
        levels: of each split.
        salt: an evaluator's secret.
        bounds: what an agent may use.
    """

    levels: int
    salt: str
    bounds: Bounds


def require_sound(submission: Submission, folder: Path, terms: Terms) -> None:
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
                trap = find_trap(agent.trap)()
                require_whole(agent.trace(folder), trap, terms.levels, terms.salt)
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
        require_locks()


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


def score_agents(
    agents: Mapping[str, SubmittedAgent],
    folder: Path,
    terms: Terms,
    advance: Callable[[float], None],
) -> Iterator[tuple[str, ScoreCard | PolicyError]]:
    """Yield every agent's card, or what went wrong, which keeps no other from its card.

    Args:
        agents: name -> one that ``require_sound`` accepted, all of one trap.
        folder: of the submission.
        terms: how.
        advance: called with the number of levels done since the last call.
    """
    run = not all(isinstance(agent, TraceAgent) for agent in agents.values())
    with make_rooms() if run else nullcontext() as rooms:
        names = [*agents]
        for first in range(0, len(names), AT_ONCE):
            part = {name: agents[name] for name in names[first : first + AT_ONCE]}
            yield from _score_part(part, folder, terms, advance, rooms)


def _score_part(
    agents: Mapping[str, SubmittedAgent],
    folder: Path,
    terms: Terms,
    advance: Callable[[float], None],
    rooms: Rooms | None,
) -> Iterator[tuple[str, ScoreCard | PolicyError]]:
    """Yield the cards of agents that are scored together."""
    (trap,) = {agent.trap for agent in agents.values()}
    players, failed = dict[str, Player](), dict[str, PolicyError]()
    with ExitStack() as opened:
        for name, agent in agents.items():
            try:
                players[name] = _make_player(agent, folder, terms, rooms, opened)
            except PolicyError as error:
                failed[name] = PolicyError(f"policy {name!r} on {trap}, being loaded: {error}")
        cards = score_all(players, find_trap(trap)(), terms.levels, 0, terms.salt, advance, failed)
    for name in agents:
        yield name, failed[name] if name in failed else cards[name]


def _make_player(
    agent: SubmittedAgent, folder: Path, terms: Terms, rooms: Rooms | None, opened: ExitStack
) -> Player:
    if isinstance(agent, TraceAgent):
        return agent.trace(folder)
    assert rooms
    policy = open_policy(rooms, agent, agent.read(folder), terms.bounds)
    opened.enter_context(policy.room)
    return lambda horizon: policy


# -- rooms -----------------------------------------------------------------------------------------


def require_locks() -> None:
    """Raise OSError where no submitted file can be run."""
    locks.require_locks(
        1,
        "a foreign policy runs in a locked process, where it can do no harm (action traces are"
        " scored anywhere: mesa_gym.scoring.record, then python -m benchmarks submit export"
        " --traces)",
    )


def make_rooms() -> Rooms:
    """Return the source of rooms for submitted files."""
    require_locks()
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
