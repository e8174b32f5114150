"""Scoring what strangers submit: each agent apart from this process, or replayed from its trace."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.isolation.loading import Settings
from benchmarks.isolation.policy import Bounds, Isolated, require_locks
from benchmarks.options import count
from benchmarks.submissions.files import harmless
from benchmarks.submissions.format import Agent, Code, Onnx, Recorded, Submission, Weights
from mesa_gym.errors import PolicyError
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.rollout import plays_of
from mesa_gym.scoring.score import Player
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import Trap, all_traps

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
        allow_code: whether submitted code is run.
        bounds: what an agent may use.
    """

    levels: int = EVALUATION_LEVELS
    salt: str = ""
    allow_code: bool = False
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Outcome:
    """The outcome of one submitted agent.

    Attributes:
        agent: its entry.
        card: None where it failed.
        error: what went wrong.
    """

    agent: Agent
    card: ScoreCard | None
    error: PolicyError | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``terms`` reads."""
    bounds = Bounds()
    parser.add_argument("directory", help="of the submission, with agent.json")
    parser.add_argument("--salt", default="", help="an evaluator's secret: other levels")
    parser.add_argument("--allow-code", action="store_true", help="run code that was submitted")
    parser.add_argument(
        "--seconds",
        type=float,
        default=bounds.seconds,
        help=f"for all answers of one agent ({bounds.seconds:g})",
    )
    parser.add_argument(
        "--memory",
        type=count,
        default=bounds.memory // MEBIBYTE,
        help=f"MiB, of one agent ({bounds.memory // MEBIBYTE})",
    )


def terms(options: argparse.Namespace, levels: int) -> Terms:
    """Return what was asked for on the command line."""
    if not (math.isfinite(options.seconds) and options.seconds > 0):
        raise ValueError(f"--seconds is {options.seconds}; expected a positive number")
    bounds = Bounds(options.seconds, options.memory * MEBIBYTE)
    return Terms(levels, options.salt, options.allow_code, bounds)


def require_acceptable(submission: Submission, terms: Terms) -> None:
    """Refuse at once what can be seen to be wrong without running anything.

    Raises:
        ValueError: a file is missing or not of its kind, code was not asked for, or a trace is not
            of these levels or of these rules.
        OSError: an agent would have to be run, and this system cannot lock it up.
    """
    for agent in submission.agents:
        who = f"{submission.policy(agent)} on {agent.trap}"
        if isinstance(agent, Code) and not terms.allow_code:
            raise ValueError(
                f"{who} is code, which is run only where it is asked for: add --allow-code (it runs"
                " in a locked process; docs/security.md says what that stops)"
            )
        try:
            if isinstance(agent, Recorded):
                _replayable(agent, submission, terms)
            else:
                agent.read(submission.folder)
        except ValueError as error:
            raise ValueError(f"{who}: {harmless(error)}") from None
    if not all(isinstance(agent, Recorded) for agent in submission.agents):
        require_locks()


def _replayable(agent: Recorded, submission: Submission, terms: Terms) -> Player:
    trace = agent.trace(submission.folder)
    trap = all_traps()[agent.trap]()
    trace.verify(trap, terms.salt)
    for play in plays_of(trap):
        trace.actions_on(play, np.arange(terms.levels))
    return trace


def outcomes(
    submission: Submission, terms: Terms, progress: Callable[[int], None]
) -> Iterator[Outcome]:
    """Score every agent; one that fails does not keep the others from their cards.

    Args:
        submission: what ``require_acceptable`` accepted.
        terms: how.
        progress: called with the number of levels done, 4 times ``terms.levels`` for every 8
            agents, or a part of 8, of a trap.
    """
    for name, together in groups(submission):
        trap = all_traps()[name]()
        with ExitStack() as children:
            players: dict[str, Player] = {}
            for agent in together:
                policy = submission.policy(agent)
                try:
                    players[policy] = _player(agent, submission, terms, children)
                except PolicyError as error:
                    error = PolicyError(f"policy {policy!r} on {name}, being loaded: {error}")
                    yield Outcome(agent, None, error=error)
            yield from _scored(submission, together, players, trap, terms, progress)


def groups(submission: Submission) -> Iterator[tuple[str, list[Agent]]]:
    """Yield the agents that are scored together: at most ``AT_ONCE``, of one trap."""
    for name in dict.fromkeys(agent.trap for agent in submission.agents):
        here = [agent for agent in submission.agents if agent.trap == name]
        for first in range(0, len(here), AT_ONCE):
            yield name, here[first : first + AT_ONCE]


def _player(agent: Agent, submission: Submission, terms: Terms, children: ExitStack) -> Player:
    if isinstance(agent, Recorded):
        return agent.trace(submission.folder)
    isolated = Isolated(
        settings(agent, submission),
        agent.read(submission.folder),
        [submission.folder] if isinstance(agent, Code) else [],
        terms.bounds,
    )
    children.enter_context(isolated)
    return lambda horizon: isolated


def settings(agent: Agent, submission: Submission) -> Settings:
    """Return what the child of an agent is told."""
    told = Settings(agent.trap, agent.kind)
    if isinstance(agent, Weights):
        return replace(told, architecture=agent.architecture)
    if isinstance(agent, Onnx):
        return replace(told, observation=agent.observation)
    assert isinstance(agent, Code)
    file = submission.folder.resolve() / agent.file
    return replace(told, file=str(file), factory=agent.factory)


def _scored(
    submission: Submission,
    agents: list[Agent],
    players: dict[str, Player],
    trap: Trap,
    terms: Terms,
    progress: Callable[[int], None],
) -> Iterator[Outcome]:
    failed: dict[str, PolicyError] = {}
    cards = score_all(players, trap, terms.levels, 0, terms.salt, progress, failed)
    for agent in agents:
        policy = submission.policy(agent)
        if policy in failed:
            yield Outcome(agent, None, error=failed[policy])
        elif policy in cards:
            yield Outcome(agent, cards[policy])
