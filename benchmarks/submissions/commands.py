"""Submissions: ``python -m benchmarks submit export | run | rerun`` (docs/leaderboard.md).

``export`` makes one of agents of your own. ``run`` scores one on the public levels of a board, and
``rerun`` on those of a secret salt; ``python -m benchmarks board render`` then ranks its agents.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.challenge import add_salt_option, take_salt
from benchmarks.jobs import runner
from benchmarks.jobs.agents import list_reference_jobs
from benchmarks.jobs.store import Results, add_results_option, card_path
from benchmarks.options import Action, add_runner_options, count, run_actions, say, tell_kept
from benchmarks.submissions import export
from benchmarks.submissions.batches import list_jobs, require_own_name
from benchmarks.submissions.format import Submission
from benchmarks.submissions.scoring import require_sound
from mesa_gym.command import DONE, FAILED
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import find_trap


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("submit", __doc__, ACTIONS, arguments)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, help="of the submission, with agent.json")
    told = f"of each split ({EVALUATION_LEVELS})"
    parser.add_argument("--levels", type=count, default=EVALUATION_LEVELS, help=told)
    add_results_option(parser, Path("runs/submitted"))
    add_runner_options(parser)


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    _declare_run(parser)
    add_salt_option(parser)


def _run(options: argparse.Namespace) -> int:
    return _score(options, "")


def _rerun(options: argparse.Namespace) -> int:
    return _score(options, take_salt(options.salt))


def _score(options: argparse.Namespace, salt: str) -> int:
    """Score a submission; cards of agents that failed are missing, and the exit code says so.

    Agents that an earlier call has scored keep their cards.
    """
    results, submission = Results(options.out), Submission.load(options.directory)
    require_sound(submission, options.directory, options.levels, salt)
    require_own_name(submission, results.folder)
    traps = map(find_trap, dict.fromkeys(agent.trap for agent in submission.agents))
    # What the submission's numbers are to be read beside.
    jobs = list_reference_jobs(traps, options.levels, salt)
    jobs += list_jobs(submission, options.directory, options.levels, salt)
    failed = runner.run(jobs, results.folder, options.workers, options.backend)
    cards = [card_path(agent.trap, submission.name_agent(agent)) for agent in submission.agents]
    scored = sum((results.folder / card).exists() for card in cards)
    say(f"{scored} of {len(cards)} agents scored, under {results.folder}")
    say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


ACTIONS = {
    "export": Action("make a submission", export.declare_arguments, export.run),
    "run": Action("score a submission on public levels", _declare_run, _run, tell_kept),
    "rerun": Action("score one on levels of a secret salt", _declare_rerun, _rerun, tell_kept),
}
