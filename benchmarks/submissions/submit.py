"""``python -m benchmarks submit score DIR``: a submission's agents, scored onto a board."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from benchmarks.jobs import runner
from benchmarks.jobs.agents import (
    LEVELS_A_SECOND,
    count_seconds,
    list_reference_jobs,
    list_terms,
    trim_versions,
)
from benchmarks.jobs.job import Job, Scratch
from benchmarks.jobs.store import Results, card_path, training_path
from benchmarks.options import folder, say
from benchmarks.submissions.format import Submission, SubmittedAgent, Weights
from benchmarks.submissions.scoring import (
    Terms,
    accept_terms,
    add_arguments,
    score_submission,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import PolicyError
from mesa_gym.scoring import ScoreCard, salt_digest
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import all_traps

OUT = Path("runs/submitted")


def declare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    add_arguments(parser, EVALUATION_LEVELS, str(EVALUATION_LEVELS))
    parser.add_argument("--out", type=folder, default=OUT, help=f"the results' folder ({OUT})")


def run(options: argparse.Namespace) -> int:
    """Score a submission; cards of agents that failed are missing, and the exit code says so.

    Agents that an earlier call has scored keep their cards.
    """
    results = Results(options.out)
    submission = Submission.load(options.directory)
    terms = accept_terms(options, submission, options.levels)
    require_alike(results.folder, terms)
    require_own_name(submission, results.folder)
    # What the submission's numbers are to be read beside.
    traps = [all_traps()[name] for name in submission.traps()]
    jobs = list_reference_jobs(traps, terms.levels, terms.salt)
    jobs += [SubmittedBatch(submission, trap, terms).describe() for trap in submission.traps()]
    failed = runner.run(jobs, results.folder, workers=1)  # agents run several at a time anyway
    cards = [card_path(agent.trap, submission.policy(agent)) for agent in submission.agents]
    scored = sum((results.folder / card).exists() for card in cards)
    say(f"{scored} of {len(cards)} agents scored, under {results.folder}")
    say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


@dataclass(frozen=True)
class SubmittedBatch:
    """Agents of a submission on one trap.

    Attributes:
        submission: whose.
        trap: its name.
        terms: of their scores.
    """

    submission: Submission
    trap: str
    terms: Terms

    def describe(self) -> Job:
        """Return the job that scores them; no two of one name are done at once."""
        files, terms = dict[Path, dict[str, Any]](), list_terms(self.terms.levels, self.terms.salt)
        for agent in self._list_agents():
            record, policy = _make_record(self.submission, agent), self.submission.policy(agent)
            facts = structs.asdict(record)
            files[training_path(agent.trap, policy)] = facts
            files[card_path(agent.trap, policy)] = facts | terms
        name = f"submit-{self.submission.about.name.casefold()}-{self.trap}"
        return Job(name, files, self.make, count_seconds(self.terms.levels))

    def _list_agents(self) -> list[SubmittedAgent]:
        return [agent for agent in self.submission.agents if agent.trap == self.trap]

    def make(self, scratch: Scratch) -> None:
        """Score the agents whose cards are missing; those that fail keep no other from its card."""
        require_own_name(self.submission, scratch.results.folder)
        places = {a: card_path(a.trap, self.submission.policy(a)) for a in self._list_agents()}
        agents = tuple(agent for agent, card in places.items() if card in scratch.missing)
        told, failed = partial(scratch.progress, a_second=LEVELS_A_SECOND), 0
        part = replace(self.submission, agents=agents)
        for agent, found in score_submission(part, self.terms, told):
            policy = self.submission.policy(agent)
            if isinstance(found, PolicyError):
                failed += 1
                say(f"not scored: {policy} on {agent.trap}: {found}")
                continue
            # The card comes last: without it nothing of the agent is on the board.
            record = training_path(agent.trap, policy)
            _make_record(self.submission, agent).save(scratch.folder / record)
            found.save(scratch.folder / places[agent])
            scratch.keep(record)
            scratch.keep(places[agent])
            say(f"scored: {policy} on {agent.trap}: {found.verdict}")
        if failed:
            raise PolicyError(f"{failed} of {len(agents)} agents failed, as told above")


def require_own_name(submission: Submission, folder: Path) -> None:
    """Raise ValueError where the board has an agent of this name that is another."""
    name = submission.about.name
    own = re.compile(re.escape(name) + r"(-s[0-9]+)?", re.IGNORECASE)
    mine = {card_path(a.trap, submission.policy(a)) for a in submission.agents}
    for path in sorted(folder.glob("cards/*/*.json")):
        if own.fullmatch(path.stem) and path.relative_to(folder) not in mine:
            raise ValueError(
                f"{folder} has an agent called {name!r} already ({path}), and it is another;"
                " choose another name, or delete its files to score it again"
            )


def require_alike(folder: Path, terms: Terms) -> None:
    """Raise ValueError where the board's cards were scored otherwise: no page could compare."""
    here = trim_versions(package_versions())
    for path in sorted(folder.glob("cards/*/*.json")):
        try:
            there = ScoreCard.load(path).provenance
        except (OSError, ValueError) as error:
            raise ValueError(f"{error}; delete {path}, and score its policy again") from None
        if (there.levels, there.salt) != (terms.levels, salt_digest(terms.salt)):
            raise ValueError(
                f"{path} was scored on {there.levels} {'secret' if there.salt else 'public'} levels"
                " of each split, and the submission would be on others; choose another --out"
            )
        if trim_versions(there.versions) != here:
            raise ValueError(
                f"{path} was scored by {_format_versions(trim_versions(there.versions))}, and here"
                f" is {_format_versions(here)}; install the same versions, or choose another --out"
            )


def _format_versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def _make_record(submission: Submission, agent: SubmittedAgent) -> AgentRecord:
    """Return the record of an agent, which says of which bytes its card is."""
    about = submission.about
    return AgentRecord(
        trap=agent.trap,
        name=submission.policy(agent),
        seed=agent.seed,
        about=f"{about.description} ({', '.join(about.authors)})",
        kind=agent.architecture if isinstance(agent, Weights) else "",
        alpha=about.alpha,
        weights_digest=agent.digest(submission.folder),
    )
