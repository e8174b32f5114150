"""``python -m benchmarks submit score DIR``: a submission's agents, scored onto a board."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from msgspec.structs import replace

from benchmarks.options import folder, say
from benchmarks.runs.jobs import score_policies
from benchmarks.runs.processes import hold_lock
from benchmarks.runs.results import (
    Results,
    card_path,
    require_writable,
    training_path,
    trim_versions,
)
from benchmarks.submissions.format import Submission, SubmittedAgent, Weights
from benchmarks.submissions.scoring import (
    Terms,
    accept_terms,
    add_arguments,
    make_progress,
    score_submission,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import PolicyError
from mesa_gym.policies import references
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
    submission, folder = Submission.load(options.directory), results.folder
    terms, name = accept_terms(options, submission, options.levels), submission.about.name
    require_alike(folder, terms)
    require_room(submission, folder)
    with hold_lock(folder, f"submit-{name.casefold()}") as held:
        if held is None:
            raise ValueError(f"{name!r} is being scored into {folder} already; wait for that")
        left = find_unscored(submission, folder)
        failed = _score(replace(submission, agents=left), terms, folder) if left else 0
    total = len(submission.agents)
    before = f" ({total - len(left)} of them before)" if len(left) < total else ""
    say(f"{total - failed} of {total} agents scored{before}, under {folder}")
    if failed < total:
        say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


def _score(submission: Submission, terms: Terms, folder: Path) -> int:
    """Score agents, and return how many failed."""
    # What the submission's numbers are to be read beside.
    bare = {
        name: specs
        for name in submission.traps()
        if (specs := _find_missing_references(name, folder))
    }
    failed = 0
    with make_progress(f"score {submission.about.name}", submission, terms, len(bare)) as advance:
        for name, specs in bare.items():
            score_policies(all_traps()[name](), specs, terms.levels, folder, advance, terms.salt)
        for agent, found in score_submission(submission, terms, advance):
            policy = submission.policy(agent)
            if isinstance(found, PolicyError):
                failed += 1
                say(f"not scored: {policy} on {agent.trap}: {found}")
            else:
                # The card comes last: without it nothing of the agent is on the board.
                record = _make_record(submission, agent)
                record.save(folder / training_path(agent.trap, policy))
                found.save(folder / card_path(agent.trap, policy))
                say(f"scored: {policy} on {agent.trap}: {found.verdict}")
    return failed


def _find_missing_references(trap: str, folder: Path) -> dict[str, str]:
    """Return the reference policies of a trap that the board lacks, as name -> name."""
    names = references(all_traps()[trap])
    return {name: name for name in names if not (folder / card_path(trap, name)).exists()}


def find_unscored(submission: Submission, folder: Path) -> tuple[SubmittedAgent, ...]:
    """Return the agents that have no card yet.

    Raises:
        ValueError: the board has a card of that name which is of something else: no cards are
            overwritten.
    """
    name = submission.about.name
    own = re.compile(re.escape(name) + r"(-s[0-9]+)?", re.IGNORECASE)
    left = {card_path(a.trap, submission.policy(a)): a for a in submission.agents}
    for path in sorted(folder.glob("cards/*/*.json")):
        if not own.fullmatch(path.stem):
            continue
        agent = left.pop(path.relative_to(folder), None)
        record = folder / training_path(path.parent.name, path.stem)
        found = Results(folder).read(record, AgentRecord.load)
        if agent is None or found != _make_record(submission, agent):
            raise ValueError(
                f"{folder} has an agent called {name!r} already ({path}), and it is another;"
                " choose another name, or delete its files to score it again"
            )
    return tuple(left.values())


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


def require_room(submission: Submission, folder: Path) -> None:
    """Raise ValueError, before hours of scoring, where results cannot be written."""
    for place in (folder / kind / t for t in submission.traps() for kind in ("cards", "training")):
        require_writable(place)


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
