"""The leaderboard: ``python -m benchmarks board run``, for maintainers ``board commit``.

``run`` trains agents, scores them and the reference policies without committed cards, and shows a
board with the committed agents. The same command continues an interrupted run. Without options, it
makes the quick board. ``commit`` adds agents to the committed agents.
"""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from agents.algorithms import ALGORITHMS
from agents.jobs import runner
from agents.jobs.agents import list_agent_jobs, list_reference_jobs, read_results
from agents.jobs.job import Job
from agents.run import Run
from agents.train import read_count
from benchmarks.arguments import Action, add_workers_option, folder
from benchmarks.board.budgets import BUDGETS, QUICK, QUICK_SEEDS, list_runs
from benchmarks.board.committing import pack_cards
from benchmarks.plan import list_single_traps
from mesa_gym.command import DONE, FAILED
from mesa_gym.links import REPOSITORY
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import Origin, join_committed, make_leaderboard, read_committed
from mesa_gym.report.board_page import require_free, write_pages
from mesa_gym.report.board_rows import is_shown
from mesa_gym.report.committed import REFERENCES, read_origins
from mesa_gym.report.origins import Review
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.traps import find_trap, package_traps


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        choices=BUDGETS,
        help="a ready list of agents; or --algorithms, --alpha and --seeds make a list (quick)",
    )
    parser.add_argument("--traps", nargs="+", help=f"all, or names ({' '.join(QUICK)})")
    parser.add_argument("--algorithms", nargs="+", help=f"some of {', '.join(ALGORITHMS)} (ppo)")
    parser.add_argument("--alpha", nargs="+", type=float, help="share of episodes from the shift")
    parser.add_argument(
        "--seeds", type=read_count, help=f"of each algorithm on a trap ({QUICK_SEEDS})"
    )
    parser.add_argument("--steps", type=read_count, help="training steps (default: by the trap)")
    parser.add_argument(
        "--levels",
        type=read_count,
        default=EVALUATION_LEVELS,
        help=f"levels of each split to score on ({EVALUATION_LEVELS})",
    )
    add_workers_option(parser)
    parser.add_argument("--out", type=folder, help="the results' folder (the budget's own)")


def _add_commit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=folder, required=True, help="the results' folder")
    parser.add_argument("--agents", nargs="+", help="agents to commit, such as ppo (default: all)")


def _find_folder(options: argparse.Namespace) -> Path:
    out: Path = options.out or Path("runs", options.budget or "quick")
    return out


def choose_runs(options: argparse.Namespace) -> list[Run]:
    """Return the trainings of a command line: a budget's, or the combinations of its options."""
    chosen = options.algorithms or options.alpha or options.seeds
    if chosen and options.budget:
        raise ValueError(
            f"--budget {options.budget} already selects the agents; leave it out, or leave out"
            " --algorithms, --alpha and --seeds"
        )
    if options.budget or not (chosen or options.traps):
        names = [*package_traps()] if options.traps in (None, ["all"]) else options.traps
        traps = {find_trap(name).name() for name in names}
        runs = [run for run in BUDGETS[options.budget or "quick"]() if run.trap in traps]
        if not runs:
            raise ValueError(f"--budget {options.budget} has no agents of {', '.join(names)}")
        return [replace(run, steps=options.steps or run.steps) for run in runs]
    trap_names = [trap.name() for trap in list_single_traps()]
    return list_runs(
        trap_names if options.traps == ["all"] else options.traps or [*QUICK],
        options.algorithms or ["ppo"],
        options.seeds or QUICK_SEEDS,
        options.steps or 0,
        options.alpha or [0.0],
    )


def list_jobs(runs: Sequence[Run], levels: int, scored: Collection[str] = ()) -> list[Job]:
    """Return the jobs of a board, references first, because agents are then scored faster.

    Args:
        runs: the trainings.
        levels: the number of levels per split.
        scored: traps with reference policies that are already scored.
    """
    traps = {trap.name(): trap for trap in (find_trap(run.trap) for run in runs)}
    unscored = [trap for name, trap in traps.items() if name not in scored]
    return [*list_reference_jobs(unscored, levels), *list_agent_jobs(runs, levels)]


def _run(options: argparse.Namespace) -> int:
    out, committed = _find_folder(options), read_committed("random")
    scored = {card.trap for card in committed if card.provenance.levels == options.levels}
    jobs = list_jobs(choose_runs(options), options.levels, scored)
    require_free(out / "board")
    failed = runner.run(jobs, out, options.workers)
    if cards := read_results(out):
        _show(cards, out / "board")
    return FAILED if failed else DONE


def _show(cards: Sequence[ScoreCard], folder: Path) -> None:
    """Print and write a board, with the committed agents if the cards have the usual levels."""
    usual = {(card.provenance.levels, card.provenance.salt) for card in cards}
    usual_levels = usual == {(EVALUATION_LEVELS, "")}
    board = join_committed(cards) if usual_levels else make_leaderboard(cards)
    print(f"{board}\n\nThe page: {write_pages(board, folder)}")


def _commit(options: argparse.Namespace) -> int:
    """Pack cards into the package."""
    packed = []
    for card in filter(is_shown, read_results(options.out)):
        agent, seed = agent_and_seed(card.policy)
        if not options.agents or (REFERENCES if seed is None else agent) in options.agents:
            packed.append(card)
    commit, date = _ask_git("rev-parse", "--short", "HEAD"), _ask_git("show", "-s", "--format=%as")
    named = {agent_and_seed(card.policy) for card in packed}
    of_agents = Counter(agent for agent, seed in named if seed is not None)
    commands = {agent: _write_command(agent, seeds) for agent, seeds in of_agents.items()}
    commands[REFERENCES] = f"{_RUN} --budget leaderboard"
    link = f"{REPOSITORY}/tree/main/agents"
    abouts = {name: origin.about for name, origin in read_origins().items()}
    origins = {
        name: Origin("mesa_gym", date, commit, command=command, about=abouts.get(name, ""))
        for name, command in commands.items()
    }
    reviews = dict.fromkeys(commands, Review("ours", link))
    for file in pack_cards(packed, origins, reviews):
        print(f"wrote {file}: {file.stat().st_size:,} bytes")
    return DONE


_RUN = "python -m benchmarks board run"


def _write_command(agent: str, seeds: int) -> str:
    return f"{_RUN} --algorithms {agent} --traps all --seeds {seeds}"


def _ask_git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], capture_output=True, text=True, check=True
    ).stdout.strip()


BOARD_ACTIONS = {
    "run": Action(
        "train and score what is not done yet, and show it", _add_run_arguments, _run, _find_folder
    ),
    "commit": Action("put agents among the committed ones", _add_commit_arguments, _commit),
}
