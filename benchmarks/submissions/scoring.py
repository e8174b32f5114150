"""Scoring what strangers submit: each agent apart from this process, or replayed from its trace."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.options import count
from benchmarks.rooms.room import Bounds, Rooms
from benchmarks.submissions.files import harmless
from benchmarks.submissions.format import Onnx, Submission, SubmittedAgent, TraceAgent, Weights
from benchmarks.submissions.room import BOUNDS, make_rooms, open_policy, require_locks
from benchmarks.submissions.terms import FileTerms
from mesa_gym.errors import PolicyError
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.score import Player
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, all_traps

# Agents that run at the same time, each in a process of 250 MB; a trap's levels are solved once
# for all of them.
AT_ONCE = 8
MEBIBYTE = 1 << 20


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


def add_arguments(parser: argparse.ArgumentParser, levels: int | None, told: str) -> None:
    """Declare what ``accept_terms`` reads.

    Args:
        parser: of the command.
        levels: of each split, by default.
        told: the same for people.
    """
    parser.add_argument("directory", type=Path, help="of the submission, with agent.json")
    parser.add_argument("--salt", default="", help="an evaluator's secret: other levels")
    parser.add_argument(
        "--seconds",
        type=float,
        default=BOUNDS.seconds,
        help=f"for all answers of one agent ({BOUNDS.seconds:g})",
    )
    parser.add_argument(
        "--memory",
        type=count,
        default=BOUNDS.memory // MEBIBYTE,
        help=f"MiB, of one agent ({BOUNDS.memory // MEBIBYTE})",
    )
    parser.add_argument("--levels", type=count, default=levels, help=f"of each split ({told})")


def accept_terms(options: argparse.Namespace, submission: Submission, levels: int) -> Terms:
    """Return the terms that a command line asks for; refuse at once what can be seen to be wrong.

    Raises:
        ValueError: a file is missing or not of its kind, a trace is not of these levels or of
            these rules, or the time is not positive.
        OSError: an agent would have to be run, and this system cannot lock it up.
    """
    if not (math.isfinite(options.seconds) and options.seconds > 0):
        raise ValueError(f"--seconds is {options.seconds}; expected a positive number")
    bounds = replace(BOUNDS, seconds=options.seconds, memory=options.memory * MEBIBYTE)
    terms = Terms(levels, options.salt, bounds)
    found: dict[tuple[str, str], SubmittedAgent] = {}
    for agent in submission.agents:
        who = f"{submission.policy(agent)} on {agent.trap}"
        try:
            if isinstance(agent, TraceAgent):
                trace, trap = agent.trace(submission.folder), all_traps()[agent.trap]()
                trace.verify(trap, terms.salt)
                for play in plays_of(trap):
                    trace.actions_on(play, np.arange(levels))
            else:
                key = agent.trap, agent.digest(submission.folder)
                if (other := found.setdefault(key, agent)) is not agent:
                    raise ValueError(
                        f"its file is that of seed {other.seed}; each seed has a training and a"
                        " file of its own"
                    )
        except ValueError as error:
            raise ValueError(f"{who}: {harmless(error)}") from None
    if not all(isinstance(agent, TraceAgent) for agent in submission.agents):
        require_locks()
    return terms


def make_progress(title: str, submission: Submission, terms: Terms) -> Progress:
    """Return a counter of the levels that ``score_submission`` scores."""
    sets = len(list(_group_agents(submission)))
    return Progress(title, sets * len(Split) * terms.levels)


def score_submission(
    submission: Submission, terms: Terms, advance: Callable[[int], None]
) -> Iterator[tuple[SubmittedAgent, ScoreCard | PolicyError]]:
    """Yield every agent with its card, or with what went wrong, which keeps no other from its card.

    Args:
        submission: what ``accept_terms`` accepted.
        terms: how.
        advance: called with the number of levels done since the last call.
    """
    run = not all(isinstance(agent, TraceAgent) for agent in submission.agents)
    with make_rooms() if run else nullcontext() as rooms:
        for name, agents in _group_agents(submission):
            yield from _score_group(submission, terms, advance, rooms, name, agents)


def _score_group(
    submission: Submission,
    terms: Terms,
    advance: Callable[[int], None],
    rooms: Rooms | None,
    name: str,
    agents: list[SubmittedAgent],
) -> Iterator[tuple[SubmittedAgent, ScoreCard | PolicyError]]:
    """Yield agents of one trap with their cards, or with what went wrong."""
    players: dict[str, Player] = {}
    failed: dict[str, PolicyError] = {}
    with ExitStack() as children:
        for agent in agents:
            policy = submission.policy(agent)
            try:
                players[policy] = _make_player(agent, submission.folder, terms, rooms, children)
            except PolicyError as error:
                told = f"policy {policy!r} on {name}, being loaded: {error}"
                failed[policy] = PolicyError(told)
        trap = all_traps()[name]()
        cards = score_all(players, trap, terms.levels, 0, terms.salt, advance, failed)
    for agent in agents:
        policy = submission.policy(agent)
        yield agent, failed[policy] if policy in failed else cards[policy]


def _group_agents(submission: Submission) -> Iterator[tuple[str, list[SubmittedAgent]]]:
    """Yield the agents that are scored together: at most ``AT_ONCE``, of one trap."""
    for name in submission.traps():
        here = [agent for agent in submission.agents if agent.trap == name]
        for first in range(0, len(here), AT_ONCE):
            yield name, here[first : first + AT_ONCE]


def _make_player(
    agent: SubmittedAgent, folder: Path, terms: Terms, rooms: Rooms | None, children: ExitStack
) -> Player:
    if isinstance(agent, TraceAgent):
        return agent.trace(folder)
    assert rooms
    told = FileTerms(
        trap=agent.trap,
        kind="weights" if isinstance(agent, Weights) else "onnx",
        architecture=agent.architecture if isinstance(agent, Weights) else "",
        observation=agent.observation if isinstance(agent, Onnx) else "",
    )
    policy = open_policy(rooms, told, agent.read(folder), terms.bounds)
    children.enter_context(policy.room)
    return lambda horizon: policy
