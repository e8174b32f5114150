"""``python -m benchmarks.leaderboard submit DIR``: a submission's agents, scored onto the board."""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from msgspec.structs import replace

from benchmarks.leaderboard.jobs import score_references
from benchmarks.leaderboard.locks import claimed
from benchmarks.leaderboard.results import (
    Results,
    Training,
    card_path,
    deciding,
    training_path,
)
from benchmarks.options import count, say
from benchmarks.submissions.format import Agent, Submission, Weights
from benchmarks.submissions.scoring import (
    Terms,
    groups,
    outcomes,
    require_acceptable,
    terms,
)
from benchmarks.submissions.scoring import arguments as shared_arguments
from mesa_gym.command import DONE, FAILED
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, salt_digest
from mesa_gym.scoring.card_data import package_versions
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, Trap, all_traps


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments, apart from --out."""
    shared_arguments(parser)
    parser.add_argument(
        "--levels",
        type=count,
        default=EVALUATION_LEVELS,
        help=f"of each split ({EVALUATION_LEVELS})",
    )


def run(options: argparse.Namespace, results: Results) -> int:
    """Score a submission; cards of agents that failed are missing, and the exit code says so.

    Agents that an earlier call has scored keep their cards.
    """
    submission, folder = Submission.load(Path(options.directory)), results.folder
    asked, name = terms(options, options.levels), submission.about.name
    require_acceptable(submission, asked)
    require_alike(folder, asked)
    require_room(submission, folder)
    with claimed(folder, f"submit-{name.casefold()}") as held:
        if held is None:
            raise ValueError(f"{name!r} is being scored into {folder} already; wait for that")
        left = unscored(submission, folder)
        failed = _score(replace(submission, agents=left), asked, folder) if left else 0
    done = len(submission.agents) - failed
    before = len(submission.agents) - len(left)
    say(
        f"{done} of {len(submission.agents)} agents scored"
        f"{f' ({before} of them before)' if before else ''}, under {folder}"
    )
    if done:
        say(f"next: python -m benchmarks.leaderboard render{results.out_option()}")
    return FAILED if failed else DONE


def _score(submission: Submission, asked: Terms, folder: Path) -> int:
    """Score agents, and return how many failed."""
    bare = without_references(submission, folder)
    levels = (len(list(groups(submission))) + len(bare)) * len(Split) * asked.levels
    failed = 0
    with Progress(f"score {submission.about.name}", levels) as advance:
        for trap, policies in bare:  # what the submission's numbers are to be read beside
            score_references(trap, policies, asked.levels, folder, advance, asked.salt)
        for outcome in outcomes(submission, asked, advance):
            policy = f"{submission.policy(outcome.agent)} on {outcome.agent.trap}"
            if outcome.card is None:
                failed += 1
                say(f"not scored: {policy}: {outcome.error}")
            else:
                training = _training(submission, outcome.agent)
                # The card comes last: without it nothing of the agent is on the board.
                training.save(folder / training_path(training.trap, outcome.card.policy))
                outcome.card.save(folder / card_path(training.trap, outcome.card.policy))
                say(f"scored: {policy}: {outcome.card.verdict}")
    return failed


def unscored(submission: Submission, folder: Path) -> tuple[Agent, ...]:
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
        if agent is None or not _scored_before(submission, agent, folder):
            raise ValueError(
                f"{folder} has an agent called {name!r} already ({path}), and it is another;"
                " choose another name, or delete its files to score it again"
            )
    return tuple(left.values())


def _scored_before(submission: Submission, agent: Agent, folder: Path) -> bool:
    try:
        found = Training.load(folder / training_path(agent.trap, submission.policy(agent)))
    except (OSError, ValueError):
        return False
    return found == _training(submission, agent)


def require_alike(folder: Path, asked: Terms) -> None:
    """Raise ValueError where the board's cards were scored otherwise: no page could compare."""
    here = deciding(package_versions())
    for path in sorted(folder.glob("cards/*/*.json")):
        try:
            there = ScoreCard.load(path).provenance
        except (OSError, ValueError) as error:
            raise ValueError(f"{error}; delete {path}, and score its policy again") from None
        if (there.levels, there.salt) != (asked.levels, salt_digest(asked.salt)):
            raise ValueError(
                f"{path} was scored on {there.levels} {'secret' if there.salt else 'public'} levels"
                " of each split, and the submission would be on others; choose another --out"
            )
        if deciding(there.versions) != here:
            raise ValueError(
                f"{path} was scored by {_listed(deciding(there.versions))}, and here is"
                f" {_listed(here)}; install the same versions, or choose another --out"
            )


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def require_room(submission: Submission, folder: Path) -> None:
    """Raise ValueError, before hours of scoring, where results cannot be written."""
    for kind, trap in ((kind, a.trap) for a in submission.agents for kind in ("cards", "training")):
        try:
            (folder / kind / trap).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder / kind / trap):
                pass
        except OSError as error:
            raise ValueError(
                f"nothing can be written into {folder / kind / trap} ({error.strerror}); make it"
                " writable, or choose another --out"
            ) from None


def without_references(submission: Submission, folder: Path) -> list[tuple[Trap, list[str]]]:
    """Return the submission's traps with the reference policies that have no card, if any."""
    traps = [all_traps()[name]() for name in dict.fromkeys(a.trap for a in submission.agents)]
    missing = [
        (trap, [p for p in references(trap) if not (folder / card_path(trap.name(), p)).exists()])
        for trap in traps
    ]
    return [(trap, policies) for trap, policies in missing if policies]


def _training(submission: Submission, agent: Agent) -> Training:
    """Return the record of an agent, which says of which bytes its card is."""
    about = submission.about
    return Training(
        trap=agent.trap,
        agent=about.name,
        seed=agent.seed,
        about=f"{about.description} ({', '.join(about.authors)})",
        network=agent.architecture if isinstance(agent, Weights) else "",
        alpha=about.alpha,
        weights=agent.digest(submission.folder),
    )
