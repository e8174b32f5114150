"""The leaderboard: ``python -m benchmarks.leaderboard run``, then ``render``.

``run`` trains agents, scores them beside the reference policies, and goes on where it was left;
without options it makes the quick board. ``render`` makes tables and pages from the score cards
alone, by default those that are committed. ``submit`` scores other people's agents, which need
not be trusted. ``tracks`` evaluates methods with a given amount of information, and ``rerun`` one
method on unseen levels (docs/tracks.md).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agents.train import ALGORITHMS, Run
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.budgets import BUDGETS, COMMITTED
from benchmarks.leaderboard.jobs import board_units
from benchmarks.leaderboard.render import render
from benchmarks.leaderboard.results import Results
from benchmarks.options import add_runner_options, count, folder, say
from benchmarks.submissions import scoring, submit
from benchmarks.tracks import commands
from mesa_gym.command import DONE, FAILED, run_command
from mesa_gym.solver.cache import size_bound
from mesa_gym.solver.certificate import EVALUATION_LEVELS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    if options.command == "rerun":
        return run_command("leaderboard", lambda: commands.rerun(options))
    work = {"run": _run, "render": _render, "submit": submit.run, "tracks": commands.run_tracks}
    results = Results(options.out or BUDGETS[options.budget or "quick"].out)
    kept = f"what was done is kept in {results.folder}, and the same command goes on from there"
    return run_command("leaderboard", lambda: work[options.command](options, results), kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.leaderboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = parser.add_subparsers(dest="command", required=True)
    running = choices.add_parser("run", help="train and score what is not done yet")
    running.add_argument(
        "--budget",
        choices=BUDGETS,
        help="what to run; --traps, --algorithms and --alpha then choose from it, and without it"
        " they say themselves what to run, each with the quick budget's as default",
    )
    running.add_argument("--traps", nargs="+", help="or all")
    running.add_argument("--algorithms", nargs="+", help=f"of {', '.join(ALGORITHMS)}")
    running.add_argument("--alpha", nargs="+", type=float, help="share of episodes from the shift")
    running.add_argument("--seeds", type=count, help="agents a trap, instead of the budget's")
    running.add_argument("--steps", type=count, help="of training (as many as each trap takes)")
    running.add_argument(
        "--levels",
        type=count,
        default=EVALUATION_LEVELS,
        help=f"of each split, for scoring ({EVALUATION_LEVELS})",
    )
    add_runner_options(running)
    running.add_argument("--out", type=folder, help="the results' folder (the budget's own)")
    rendering = choices.add_parser("render", help="tables and pages from the score cards")
    submitting = choices.add_parser("submit", help="score a submission onto a board")
    scoring.add_arguments(submitting, EVALUATION_LEVELS, str(EVALUATION_LEVELS))
    tracks = choices.add_parser("tracks", help="evaluate methods on the tracks")
    commands.add_tracks(tracks)
    commands.add_rerun(choices.add_parser("rerun", help="evaluate one method on unseen levels"))
    for command in (rendering, submitting, tracks):
        command.add_argument(
            "--out", type=folder, default=COMMITTED, help=f"the results' folder ({COMMITTED})"
        )
    return parser


def _runs(options: argparse.Namespace) -> list[Run]:
    """Return the trainings that a command line asks for."""
    budget = BUDGETS[options.budget or "quick"]
    chosen = {"algorithms": options.algorithms, "traps": options.traps, "alphas": options.alpha}
    given: dict[str, Any] = {name: tuple(values) for name, values in chosen.items() if values}
    groups = budget.groups if options.budget else (replace(budget.groups[0], **given),)
    if options.seeds:
        groups = tuple(replace(group, seeds=options.seeds) for group in groups)
    budget = replace(budget, groups=groups, steps=options.steps or budget.steps)
    return budget.runs(**given) if options.budget else budget.runs()


def _run(options: argparse.Namespace, results: Results) -> int:
    size_bound()  # a bad setting fails here, not in every worker
    units = board_units(_runs(options), options.levels)
    failed = runner.run(units, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks.leaderboard render{results.out_option()}")
    return FAILED if failed else DONE


def _render(options: argparse.Namespace, results: Results) -> int:
    page = render(results)
    print(f"\n{page.with_name('board.md')} has it trap by trap, {page} with pictures")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
