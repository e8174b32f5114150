"""``python -m benchmarks.leaderboard submit DIR``: a submission's agents, scored onto the board."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from benchmarks.options import count, say
from benchmarks.results import Results, card_path
from benchmarks.submissions.format import Submission, Weights
from benchmarks.submissions.scoring import (
    Outcome,
    Terms,
    groups,
    outcomes,
    require_acceptable,
    terms,
)
from benchmarks.submissions.scoring import arguments as shared_arguments
from benchmarks.training import Training
from benchmarks.units import score_references
from mesa_gym.command import DONE, FAILED
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, salt_digest
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
    """Score a submission; cards of agents that failed are missing, and the exit code says so."""
    submission = Submission.load(Path(options.directory))
    asked = terms(options, options.levels)
    require_new(submission, results.folder)
    require_alike(results, asked)
    require_acceptable(submission, asked)
    bare = without_references(submission, results)
    levels = (len(list(groups(submission))) + len(bare)) * len(Split) * asked.levels
    failed = 0
    with Progress(f"score {submission.about.name}", levels) as advance:
        for trap in bare:  # what the submission's numbers are to be read beside
            score_references(
                trap, references(trap), asked.levels, results.folder, advance, asked.salt
            )
        for outcome in outcomes(submission, asked, advance):
            policy = f"{submission.policy(outcome.agent)} on {outcome.agent.trap}"
            if outcome.card is None:
                failed += 1
                say(f"not scored: {policy}: {outcome.error}")
            else:
                _keep(submission, outcome, results.folder)
                say(f"scored: {policy}: {outcome.card.verdict}")
    done = len(submission.agents) - failed
    say(f"{done} of {len(submission.agents)} agents scored, under {results.folder}")
    if done:
        say(f"next: python -m benchmarks.leaderboard render{results.out_option()}")
    return FAILED if failed else DONE


def require_new(submission: Submission, folder: Path) -> None:
    """Raise ValueError where the board has an agent of that name: no cards are overwritten."""
    name = submission.about.name
    own = re.compile(re.escape(name) + r"(-s[0-9]+)?", re.IGNORECASE)
    found = [p for p in sorted(folder.glob("*/*/*.json")) if own.fullmatch(p.stem)]
    if found:
        raise ValueError(
            f"{folder} has an agent called {name!r} already ({found[0]}); choose another name, or"
            " delete its files to score it again"
        )


def require_alike(results: Results, asked: Terms) -> None:
    """Raise ValueError where the board's cards are of other levels: they could not be compared."""
    for path in sorted(results.folder.glob("cards/*/*.json")):
        there = ScoreCard.load(path).provenance
        if (there.levels, there.salt) != (asked.levels, salt_digest(asked.salt)):
            raise ValueError(
                f"{path} was scored on {there.levels} {'secret' if there.salt else 'public'} levels"
                " of each split, and the submission would be on others; choose another --out"
            )


def without_references(submission: Submission, results: Results) -> list[Trap]:
    """Return the submission's traps of which not every reference policy has a card."""
    traps = [all_traps()[name]() for name in dict.fromkeys(a.trap for a in submission.agents)]
    return [
        trap
        for trap in traps
        if not all(
            (results.folder / card_path(trap.name(), policy)).exists()
            for policy in references(trap)
        )
    ]


def _keep(submission: Submission, outcome: Outcome, folder: Path) -> None:
    agent, about = outcome.agent, submission.about
    card = card_path(agent.trap, submission.policy(agent))
    training = Training(
        trap=agent.trap,
        agent=about.name,
        seed=agent.seed,
        about=f"{about.description} ({', '.join(about.authors)})",
        network=agent.architecture if isinstance(agent, Weights) else "",
        alpha=about.alpha,
    )
    # The card comes last: without it nothing of the agent is on the board.
    training.save(folder / Path("training", *card.parts[1:]))
    assert outcome.card is not None
    outcome.card.save(folder / card)
