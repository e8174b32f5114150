"""The scoring of a submission's agents as jobs, one a trap."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

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


def list_jobs(submission: Submission, folder: Path, levels: int, salt: str) -> list[Job]:
    """Return the jobs that score a submission's agents; no two of one name are done at once.

    Args:
        submission: whose.
        folder: of the submission.
        levels: of each split.
        salt: an evaluator's secret; "" for the public levels.
    """
    terms, jobs = list_terms(levels, salt), dict[str, Job]()
    for agent in submission.agents:
        facts = structs.asdict(_make_record(submission, agent, folder))
        name = f"submit-{submission.name.casefold()}-{agent.trap}"
        make = partial(score_missing, submission, folder, levels, salt)
        job = jobs.setdefault(name, Job(name, {}, make, count_seconds(levels)))
        record, card = _list_paths(submission, agent)
        jobs[name] = replace(job, files={**job.files, record: facts, card: facts | terms})
    return [*jobs.values()]


def score_missing(
    submission: Submission, folder: Path, levels: int, salt: str, scratch: Scratch
) -> None:
    """Score a job's agents whose cards are missing; those that fail stop no other.

    Raises:
        PolicyError: some failed.
        ValueError: the board has another agent of this name by now.
    """
    require_own_name(submission, scratch.results.folder)
    failed = 0
    for agent in submission.agents:
        record, card = _list_paths(submission, agent)
        if card not in scratch.missing:
            continue
        name = submission.name_agent(agent)
        try:
            found = score_agent(name, agent, folder, levels, salt)
        except PolicyError as error:
            failed += 1
            say(f"not scored: {name} on {agent.trap}: {error}")
            continue
        _make_record(submission, agent, folder).save(scratch.folder / record)
        found.save(scratch.folder / card)
        # The card comes last: without it nothing of the agent is on the board.
        scratch.keep(record)
        scratch.keep(card)
        say(f"scored: {name} on {agent.trap}: {found.verdict}")
    if failed:
        raise PolicyError(f"{failed} agents failed, as told above")


def _list_paths(submission: Submission, agent: SubmittedAgent) -> tuple[Path, Path]:
    """Return the paths of an agent's record and card."""
    name = submission.name_agent(agent)
    return training_path(agent.trap, name), card_path(agent.trap, name)


def _make_record(submission: Submission, agent: SubmittedAgent, folder: Path) -> AgentRecord:
    """Return the record of an agent, which says of which bytes its card is."""
    return AgentRecord(
        trap=agent.trap,
        name=submission.name_agent(agent),
        seed=agent.seed,
        about=f"{submission.description} ({', '.join(submission.authors)})",
        kind=agent.architecture if isinstance(agent, Weights) else "",
        alpha=submission.alpha,
        weights_digest=agent.digest(folder),
    )


def require_own_name(submission: Submission, folder: Path) -> None:
    """Raise ValueError where the board has, or will have, another agent of this name."""
    own = re.compile(re.escape(submission.name) + r"(-s[0-9]+)?", re.IGNORECASE)
    mine = {_list_paths(submission, agent)[1] for agent in submission.agents}
    there = {path.relative_to(folder) for path in folder.glob("cards/*/*.json")}
    for trap in {agent.trap for agent in submission.agents}:
        there |= {card_path(trap, name) for name in references(find_trap(trap))}
    for path in sorted(there - mine):
        if own.fullmatch(path.stem):
            raise ValueError(
                f"{folder} has an agent called {submission.name!r} already ({path}), and it is"
                " another; choose another name, or delete its files to score it again"
            )
