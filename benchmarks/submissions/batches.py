"""The scoring of a submission's agents as jobs, one a trap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from benchmarks.jobs.agents import count_seconds, list_terms
from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import card_path, training_path
from benchmarks.options import say
from benchmarks.submissions.format import Submission, SubmittedAgent, Weights
from benchmarks.submissions.scoring import score_agent
from mesa_gym.errors import PolicyError
from mesa_gym.policies import references
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import find_trap


@dataclass(frozen=True)
class SubmittedBatch:
    """Agents of a submission on one trap.

    Attributes:
        submission: whose.
        folder: of the submission.
        trap: its name.
        levels: of each split.
        salt: an evaluator's secret; "" for the public levels.
    """

    submission: Submission
    folder: Path
    trap: str
    levels: int
    salt: str

    def describe(self) -> Job:
        """Return the job that scores them; no two of one name are done at once."""
        files, terms = dict[Path, dict[str, Any]](), list_terms(self.levels, self.salt)
        for name, agent in self._name_agents().items():
            facts = structs.asdict(self._make_record(agent))
            files[training_path(self.trap, name)] = facts
            files[card_path(self.trap, name)] = facts | terms
        name = f"submit-{self.submission.name.casefold()}-{self.trap}"
        return Job(name, files, self.make, count_seconds(self.levels))

    def _name_agents(self) -> dict[str, SubmittedAgent]:
        here = (agent for agent in self.submission.agents if agent.trap == self.trap)
        return {self.submission.name_agent(agent): agent for agent in here}

    def make(self, scratch: Scratch) -> None:
        """Score the agents whose cards are missing; those that fail keep no other from its card."""
        require_own_name(self.submission, scratch.results.folder)
        failed = 0
        for name, agent in self._name_agents().items():
            record, card = training_path(self.trap, name), card_path(self.trap, name)
            if card not in scratch.missing:
                continue
            try:
                found = score_agent(name, agent, self.folder, self.levels, self.salt)
            except PolicyError as error:
                failed += 1
                say(f"not scored: {name} on {self.trap}: {error}")
                continue
            self._make_record(agent).save(scratch.folder / record)
            found.save(scratch.folder / card)
            # The card comes last: without it nothing of the agent is on the board.
            scratch.keep(record)
            scratch.keep(card)
            say(f"scored: {name} on {self.trap}: {found.verdict}")
        if failed:
            raise PolicyError(f"{failed} agents failed, as told above")

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
