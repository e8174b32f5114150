"""``python -m benchmarks submit score DIR``: a submission's agents, scored onto a board."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import structs

from benchmarks.jobs import runner
from benchmarks.jobs.agents import (
    LEVELS_A_SECOND,
    count_seconds,
    list_reference_jobs,
    list_terms,
)
from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import Results, card_path, training_path
from benchmarks.options import count, folder, say
from benchmarks.submissions.format import Submission, SubmittedAgent, Weights
from benchmarks.submissions.scoring import BOUNDS, Terms, require_sound, score_agents
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import PolicyError
from mesa_gym.policies import references
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import find_trap

OUT = Path("runs/submitted")
MEBIBYTE = 1 << 20


def declare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    seconds, memory = BOUNDS.seconds, BOUNDS.memory // MEBIBYTE
    add = parser.add_argument
    add("directory", type=Path, help="of the submission, with agent.json")
    add("--salt", default="", help="an evaluator's secret: other levels")
    told = f"for all answers of one agent ({seconds:g})"
    add("--seconds", type=float, default=seconds, help=told)
    add("--memory", type=count, default=memory, help=f"MiB, of one agent ({memory})")
    told = f"of each split ({EVALUATION_LEVELS})"
    add("--levels", type=count, default=EVALUATION_LEVELS, help=told)
    add("--out", type=folder, default=OUT, help=f"the results' folder ({OUT})")


def run(options: argparse.Namespace) -> int:
    """Score a submission; cards of agents that failed are missing, and the exit code says so.

    Agents that an earlier call has scored keep their cards.
    """
    if not (math.isfinite(options.seconds) and options.seconds > 0):
        raise ValueError(f"--seconds is {options.seconds}; expected a positive number")
    bounds = replace(BOUNDS, seconds=options.seconds, memory=options.memory * MEBIBYTE)
    terms = Terms(options.levels, options.salt, bounds)
    results, submission = Results(options.out), Submission.load(options.directory)
    require_sound(submission, options.directory, terms)
    require_own_name(submission, results.folder)
    # What the submission's numbers are to be read beside.
    traps = dict.fromkeys(agent.trap for agent in submission.agents)
    jobs = list_reference_jobs(map(find_trap, traps), terms.levels, terms.salt)
    jobs += [SubmittedBatch(submission, options.directory, t, terms).describe() for t in traps]
    failed = runner.run(jobs, results.folder, workers=1)  # agents run several at a time anyway
    cards = [card_path(agent.trap, submission.name_agent(agent)) for agent in submission.agents]
    scored = sum((results.folder / card).exists() for card in cards)
    say(f"{scored} of {len(cards)} agents scored, under {results.folder}")
    say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


@dataclass(frozen=True)
class SubmittedBatch:
    """Agents of a submission on one trap.

    Attributes:
        submission: whose.
        folder: of the submission.
        trap: its name.
        terms: of their scores.
    """

    submission: Submission
    folder: Path
    trap: str
    terms: Terms

    def describe(self) -> Job:
        """Return the job that scores them; no two of one name are done at once."""
        files, terms = dict[Path, dict[str, Any]](), list_terms(self.terms.levels, self.terms.salt)
        for name, agent in self._name_agents().items():
            facts = structs.asdict(self._make_record(agent))
            files[training_path(self.trap, name)] = facts
            files[card_path(self.trap, name)] = facts | terms
        name = f"submit-{self.submission.name.casefold()}-{self.trap}"
        return Job(name, files, self.make, count_seconds(self.terms.levels))

    def _name_agents(self) -> dict[str, SubmittedAgent]:
        here = (agent for agent in self.submission.agents if agent.trap == self.trap)
        return {self.submission.name_agent(agent): agent for agent in here}

    def make(self, scratch: Scratch) -> None:
        """Score the agents whose cards are missing; those that fail keep no other from its card."""
        require_own_name(self.submission, scratch.results.folder)
        agents = self._name_agents()
        left = {n: a for n, a in agents.items() if card_path(self.trap, n) in scratch.missing}
        told, failed = partial(scratch.progress, a_second=LEVELS_A_SECOND), 0
        for name, found in score_agents(left, self.folder, self.terms, told):
            if isinstance(found, PolicyError):
                failed += 1
                say(f"not scored: {name} on {self.trap}: {found}")
                continue
            # The card comes last: without it nothing of the agent is on the board.
            record, card = training_path(self.trap, name), card_path(self.trap, name)
            self._make_record(agents[name]).save(scratch.folder / record)
            found.save(scratch.folder / card)
            scratch.keep(record)
            scratch.keep(card)
            say(f"scored: {name} on {self.trap}: {found.verdict}")
        if failed:
            raise PolicyError(f"{failed} of {len(left)} agents failed, as told above")

    def _make_record(self, agent: SubmittedAgent) -> AgentRecord:
        """Return the record of an agent, which says of which bytes its card is."""
        about = self.submission
        return AgentRecord(
            trap=agent.trap,
            name=about.name_agent(agent),
            seed=agent.seed,
            about=f"{about.description} ({', '.join(about.authors)})",
            kind=agent.architecture if isinstance(agent, Weights) else "",
            alpha=about.alpha,
            weights_digest=agent.digest(self.folder),
        )


def require_own_name(submission: Submission, folder: Path) -> None:
    """Raise ValueError where the board has, or will have, another agent of this name."""
    own = re.compile(re.escape(submission.name) + r"(-s[0-9]+)?", re.IGNORECASE)
    mine = {card_path(a.trap, submission.name_agent(a)) for a in submission.agents}
    there = {path.relative_to(folder) for path in folder.glob("cards/*/*.json")}
    for trap in {agent.trap for agent in submission.agents}:
        there |= {card_path(trap, name) for name in references(find_trap(trap))}
    for path in sorted(there - mine):
        if own.fullmatch(path.stem):
            raise ValueError(
                f"{folder} has an agent called {submission.name!r} already ({path}), and it is"
                " another; choose another name, or delete its files to score it again"
            )
