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

from agents.train import ALGORITHMS
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.budgets import BUDGETS, COMMITTED, Budget
from benchmarks.leaderboard.jobs import board_units
from benchmarks.leaderboard.render import render
from benchmarks.leaderboard.results import Results
from benchmarks.options import add_running, count, folder, say
from benchmarks.submissions import submit
from benchmarks.tracks import commands
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.solver.cache import size_bound
from mesa_gym.solver.certificate import EVALUATION_LEVELS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    if options.command == "rerun":
        return guarded("leaderboard", lambda: commands.rerun(options))
    results = Results(options.out or _budget_named(options).out)

    def work() -> int:
        if options.command == "tracks":
            return commands.run_tracks(options, results)
        if options.command == "render":
            return _render(results)
        if options.command == "submit":
            return submit.run(options, results)
        return _run(options, results)

    kept = f"what was done is kept in {results.folder}, and the same command goes on from there"
    return guarded("leaderboard", work, kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.leaderboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = parser.add_subparsers(dest="command", required=True)
    running = choices.add_parser("run", help="train and score what is not done yet")
    _add_budget(running)
    add_running(running)
    running.add_argument("--out", type=folder, help="the results' folder (the budget's own)")
    rendering = choices.add_parser("render", help="tables and pages from the score cards")
    submitting = choices.add_parser("submit", help="score a submission onto a board")
    submit.arguments(submitting)
    tracks = choices.add_parser("tracks", help="evaluate methods on the tracks")
    commands.add_tracks(tracks)
    commands.add_rerun(choices.add_parser("rerun", help="evaluate one method on unseen levels"))
    for command in (rendering, submitting, tracks):
        command.add_argument(
            "--out", type=folder, default=COMMITTED, help=f"the results' folder ({COMMITTED})"
        )
    return parser


def _add_budget(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        choices=BUDGETS,
        help="what to run; --traps, --algorithms and --alpha then choose from it, and without it"
        " they say themselves what to run, each with the quick budget's as default",
    )
    parser.add_argument("--traps", nargs="+", help="or all")
    parser.add_argument("--algorithms", nargs="+", help=f"of {', '.join(ALGORITHMS)}")
    parser.add_argument("--alpha", nargs="+", type=float, help="share of episodes from the shift")
    parser.add_argument("--seeds", type=count, help="agents a trap, instead of the budget's")
    parser.add_argument("--steps", type=count, help="of training (as many as each trap takes)")
    parser.add_argument(
        "--levels",
        type=count,
        default=EVALUATION_LEVELS,
        help=f"of each split, for scoring ({EVALUATION_LEVELS})",
    )


def _budget_named(options: argparse.Namespace) -> Budget:
    return BUDGETS[options.budget or "quick"]


def _budget(options: argparse.Namespace) -> Budget:
    budget = _budget_named(options)
    if options.budget:
        budget = budget.only(options.traps, options.algorithms, options.alpha)
    else:
        given = {"algorithms": options.algorithms, "traps": options.traps, "alphas": options.alpha}
        chosen: dict[str, Any] = {name: tuple(x) for name, x in given.items() if x}
        budget = replace(budget, groups=(replace(budget.groups[0], **chosen),))
    if options.seeds:
        groups = tuple(replace(group, seeds=options.seeds) for group in budget.groups)
        budget = replace(budget, groups=groups)
    return replace(budget, levels=options.levels, steps=options.steps or budget.steps)


def _run(options: argparse.Namespace, results: Results) -> int:
    size_bound()  # a bad setting fails here, not in every worker
    units = board_units(_budget(options))
    failed = runner.run(units, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks.leaderboard render{results.out_option()}")
    return FAILED if failed else DONE


def _render(results: Results) -> int:
    page = render(results)
    print(f"\n{page.with_name('board.md')} has it trap by trap, {page} with pictures")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
