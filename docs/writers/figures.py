"""Figures of pages, computed from the library's agents, from rules and from files.

``make pages`` writes them into the pages.
"""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import mean

from benchmarks.costs import COSTS, write_command
from benchmarks.costs import FILE as COSTS_FILE
from benchmarks.markdown import lay_out_table
from benchmarks.speed import read_table
from benchmarks.speed_works import SALTED_SCORE, STEP_RATES, USUAL_SCORE
from mesa_gym.files import read_json
from mesa_gym.links import REPOSITORY
from mesa_gym.policies.names import NEAREST, SWEEPER
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.seed_group import ROLES
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.traps.life import APPLE, PLUM
from mesa_gym.traps.probation import MOST_LIT, Probation, find_value_taking

RESULT = "SimplerOfTwo-v0"  # the trap of README's result
SIZES = Path(__file__).parents[1] / "sizes.csv"
STEPS = 5  # approximate steps of a trial of Probation
HALVINGS = 30
SIMPLICITY = Path(__file__).parents[1] / "studies" / "simplicity"
# The study's agents on the trap with its two default rules exchanged.
EXCHANGED = {
    "algo": LEARNER, "alpha": "0.0", "shape_rule": "one", "colour_rule": "sign",
    "shape_planes": "1", "colour_planes": "1",
}  # fmt: skip


def find_threshold(trial: int, discount: float) -> float:
    """Return the share of mock lives above which a plum under the lamp is worth more than an apple.

    Args:
        trial: the trial, from 0; the lamp is lit, and the agent has not taken a plum yet.
        discount: the discount per trial.
    """
    forced, low, high = Probation().parameters["forced"], 0.0, 1.0
    for _ in range(HALVINGS):
        mock = (low + high) / 2
        apple, plum = (
            find_value_taking((mock, forced), trial, True, False, mock, kind, discount)
            for kind in (APPLE, PLUM)
        )
        low, high = (mock, high) if apple >= plum else (low, mock)
    return high


def tabulate_thresholds() -> str:
    """Return a table in Markdown: the thresholds of the mock by trial and discount."""
    discounts = {"none": 1.0, f"0.99 a step, {STEPS} steps a trial": 0.99**STEPS}
    rows = [
        [name, *(f"{find_threshold(trial, discount):.3f}" for trial in range(MOST_LIT))]
        for name, discount in discounts.items()
    ]
    return lay_out_table(["discount", *(f"trial {i + 1}" for i in range(MOST_LIT))], rows)


def show_first_commands() -> str:
    """Return README's two commands with their minutes, and what they need on disk."""
    with SIZES.open(newline="", encoding="utf-8") as lines:
        rows = {row["command"]: row for row in csv.DictReader(lines)}
    target, tests = rows["`make leaderboard`"], rows["`make test` after it"]
    megabytes = sum(int(row["MB on disk"].replace(",", "")) for row in (target, tests))
    return "\n".join(
        [
            "```",
            f"git clone {REPOSITORY} && cd mesa-gym  # not public yet: ask us for a copy",
            f"make leaderboard  # train PPO on three traps, show its goals: {target['time']}",
            f"make test         # the fast tests: {tests['time']}",
            "```",
            "",
            f"Together they need {megabytes / 1000:.1f} GB of disk, in `.venv`.",
        ]
    )


def show_result() -> str:
    """Return where policies go first on SimplerOfTwo, as a table in Markdown.

    PPO's second row is of the study's agents on the trap with its two rules exchanged.
    """
    groups = {of.agent: of for of in group_cards(read_committed()) if of.trap == RESULT}
    plain, (shape, colour, neither) = groups[LEARNER], _read_exchanged()
    policies = {
        f"PPO, {plain.seeds} seeds": plain.choice,
        f"PPO, {len(shape)} seeds, where the rule of the shape is the simple one": dict(
            zip(ROLES, (mean(shape), mean(colour), mean(neither)), strict=True)
        ),
        "a script that goes to the nearest of the two": groups[NEAREST].choice,
        "a script that sweeps through the room": groups[SWEEPER].choice,
    }
    rows = []
    for policy, shares in policies.items():
        cells = [f"{shares[kind]:.2f}" for kind in ROLES]
        if policy.startswith("PPO"):
            most = max(range(len(ROLES)), key=lambda at: shares[ROLES[at]])
            cells[most] = f"**{cells[most]}**"
        rows.append([policy, *cells])
    return lay_out_table(["policy", "the shape", "the red thing", "neither"], rows)


def _read_exchanged() -> tuple[list[float], list[float], list[float]]:
    """Return the shares of shape, colour and neither of the agents of *one : sign*."""
    with (SIMPLICITY / "shares.csv").open(newline="") as lines:
        rows = [
            [int(row[x]) / EVALUATION_LEVELS for x in ("shape", "colour", "neither")]
            for row in csv.DictReader(lines)
            if [row[key] for key in EXCHANGED] == [*EXCHANGED.values()]
        ]
    shape, colour, neither = (list(column) for column in zip(*rows, strict=True))
    return shape, colour, neither


def tabulate_costs() -> str:
    """Return a table in Markdown: measured CPU seconds of common commands (`benchmarks.costs`)."""
    seconds = read_json(COSTS_FILE)["seconds"]
    rows = [
        [x.want, f"{seconds[name]:.0f}", f"`{write_command(x)}`", x.note]
        for name, x in COSTS.items()
        if name in seconds
    ]
    return lay_out_table(["to", "CPU seconds", "command", "note"], rows)


def describe_speed() -> str:
    """Return how long users wait, and how fast traps step beside a plain grid in C."""
    waits, scores, steps = map(read_table, ("waits", "scores", STEP_RATES))
    usual, salted = (
        {trap: float(cells[column]) for trap, cells in scores.items()}
        for column in (USUAL_SCORE, SALTED_SCORE)
    )
    slowest, slowest_salted = (max(of, key=of.__getitem__) for of in (usual, salted))
    training = next(cells for work, cells in waits.items() if "train" in work)
    ratios = {
        count: sorted(float(row[count]) / float(row[f"{count} in C"]) for row in steps.values())
        for count in ("128", "8,192")
    }
    small, large = (f"{of[0]:.2f} to {of[-1]:.2f}" for of in ratios.values())
    return (
        f"A trained agent's first score of 1,000 levels takes {min(usual.values()):.1f} to"
        f" {usual[slowest]:.1f} CPU seconds (most on {slowest}), because the package"
        f" contains the solver's values; the baseline, a salt whose levels are solved first,"
        f" takes {min(salted.values()):.1f} to {salted[slowest_salted]:.1f} (most on"
        f" {slowest_salted}). The first training of PPO on"
        f" CheeseCorner takes {training['first']} CPU seconds and the next {training['kept']},"
        " because its programs are kept. The limit is a step: with 128 environments, traps take"
        f" {small} times as many steps per second as a plain grid in C, and with 8,192 environments"
        f" {large} times as many."
    )
