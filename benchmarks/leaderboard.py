"""The leaderboard: ``python -m benchmarks.leaderboard run``, then ``render``.

``run`` trains PPO on some traps, scores it beside the reference policies, and goes on where it
was left; without options it makes the quick board. ``render`` makes tables and pages from the
score cards alone, by default those that are committed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from agents.train import ALGORITHMS
from benchmarks import pool
from benchmarks.options import count, folder, say
from benchmarks.progress import reporting
from benchmarks.render import COMMITTED, render
from benchmarks.results import QUICK, Results
from benchmarks.units import QUICK_ALGORITHMS, QUICK_TRAPS, Plan, left_to_do
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.solver.cache import size_bound
from mesa_gym.solver.certificate import EVALUATION_LEVELS

SEEDS = 2
WORKERS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    results = Results(options.out, say)

    def work() -> int:
        if options.command == "render":
            return _render(results)
        chosen = tuple(options.traps), tuple(options.algorithms)
        return _run(Plan(options.levels, options.seeds, options.steps, *chosen), results)

    kept = f"what was done is kept in {results.folder}, and the same command goes on from there"
    return guarded("leaderboard", work, kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.leaderboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="train and score what is not done yet")
    running.add_argument(
        "--levels",
        type=count,
        default=EVALUATION_LEVELS,
        help=f"of each split, for scoring ({EVALUATION_LEVELS})",
    )
    running.add_argument("--seeds", type=count, default=SEEDS, help=f"agents a trap ({SEEDS})")
    running.add_argument(
        "--steps", type=count, help="of training, on every trap (as many as each takes)"
    )
    running.add_argument(
        "--traps", nargs="+", default=QUICK_TRAPS, help=f"or all ({' '.join(QUICK_TRAPS)})"
    )
    running.add_argument(
        "--algorithms",
        nargs="+",
        default=QUICK_ALGORITHMS,
        help=f"of {', '.join(ALGORITHMS)} (ppo)",
    )
    rendering = commands.add_parser("render", help="tables and pages from the score cards")
    for command, default in ((running, QUICK), (rendering, COMMITTED)):
        command.add_argument(
            "--out", type=folder, default=default, help=f"the results' folder ({default})"
        )
    return parser


def _run(plan: Plan, results: Results) -> int:
    size_bound()  # a bad setting fails here, not in every worker
    results.folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    units = left_to_do(plan, results)
    with reporting() as report:
        failed = pool.run(units, WORKERS, results.folder, report)
    for name, reason in failed.items():  # again, as the traceback may stand far above
        say(f"not done: {name}: {reason}")
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    done = len(units) - len(failed)
    say(f"{done} of {len(units)} units done in {minutes}:{seconds:02}, under {results.folder}")
    if failed:
        say("the same command tries the others again")
    say(f"next: python -m benchmarks.leaderboard render{results.out_option()}")
    return FAILED if failed else DONE


def _render(results: Results) -> int:
    print(f"\n{render(results)} shows it with pictures")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
