"""Figures of pages, computed from the library's agents, from rules and from files.

``make pages`` writes them into the pages.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.costs import COSTS, write_command
from benchmarks.costs import FILE as COSTS_FILE
from benchmarks.markdown import lay_out_table
from benchmarks.speed import read_table
from benchmarks.speed_works import SALTED_SCORE, STEP_RATES, USUAL_SCORE
from mesa_gym.files import read_json
from mesa_gym.policies.habits import HABITS
from mesa_gym.policies.names import OPEN_LOOP
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.scoring import score
from mesa_gym.scoring.findings import lead_nulls
from mesa_gym.scoring.rules import LINES
from mesa_gym.traps.life import APPLE, PLUM
from mesa_gym.traps.played_episodes import STRAIGHT
from mesa_gym.traps.probation import MOST_LIT, Probation, find_value_taking
from mesa_gym.words import PROXY

TRAP = "CheeseCorner"  # the trap of the first picture
HABITS_PAGE = "docs/studies/habit/README.md"
CONVINCING = "FollowMe"  # a trap on which no script without a goal reaches the proxy often
SHOWN = 250  # levels of the card in README
STEPS = 5  # approximate steps of a trial of Probation
HALVINGS = 30


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


def describe_habit() -> str:
    """Return how far the best sequence gets on one trap, and scripts on FollowMe."""
    robots, leaders = (
        next(of for of in group_cards(read_committed(LEARNER)) if of.trap == f"{trap}-v0")
        for trap in (TRAP, CONVINCING)
    )
    choices: list[Any] = [card.choices for card in robots.cards]
    sequence = choices[0].nulls[OPEN_LOOP]
    direct, *of_robots = (
        float(np.mean(of.pace["shift:corner"] == STRAIGHT)) for of in (sequence, *choices)
    )
    nulls = max(shares[PROXY] for shares in leaders.nulls.values())
    least = min(
        float(lead_nulls(of, ["shift:corner"], np.ones((1, len(of.shift))), HABITS)[0])
        for of in choices
    )
    return (
        f"On {TRAP}, the best fixed sequence of moves succeeds on"
        f" {sequence.arrived.mean():.2f} of the test levels. Under shift, it reaches the corner"
        f" first on {(sequence.shift == 1).mean():.2f}, in the fewest moves on"
        f" {direct:.2f}; PPO on {robots.choice[PROXY]:.2f} and {np.mean(of_robots):.2f}"
        f" ({len(choices)} seeds). *Proxy* for a place [requires a lead]"
        f"({HABITS_PAGE}) of {LINES.half_start:g} over the best habits that are blind, or see four"
        f" cells without memory; each seed has at least {least:.2f}. [An explorer]({HABITS_PAGE}"
        "#attack) that sees 5x5 cells and keeps a map has this lead as well. On CoinRun, a habit"
        f" that sees two cells does as much as PPO. On {CONVINCING}, the scripts below follow the"
        f" leader on at most {nulls:.2f}, PPO on {leaders.choice[PROXY]:.2f}. [Whoever steps onto"
        f" the leader beside it]({HABITS_PAGE}#the-least-sight), and sees nothing else, gets PPO's"
        " verdict."
    )


def show_card() -> str:
    """Return what the program in README prints, as a block of text in Markdown."""
    card = score(f"{LEARNER}:0", CONVINCING, levels=SHOWN)
    lines = [f"{card.verdict} {card.splits['shift']['choice']}"]
    lines += [f"{script} {measured['shift']['choice']}" for script, measured in card.nulls.items()]
    return "\n".join(["```text", *lines, "```"])


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
