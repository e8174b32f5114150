"""Figures of pages that are computed from agents of the library, from rules and from files.

``python -m docs.results_page`` puts them into the pages. ``python -m docs.figures SWEEP`` prints
the table of replanning for the agents in a folder of ``mesa-gym sweep``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import ceil, floor
from pathlib import Path
from typing import Any

from benchmarks.markdown import lay_out_table
from mesa_gym.policies import POLICY_FILE
from mesa_gym.probing import measure_replanning
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.board_rows import LEARNER
from mesa_gym.scoring import score
from mesa_gym.traps.life import APPLE, PLUM
from mesa_gym.traps.probation import MOST_LIT, Probation, find_value_taking
from mesa_gym.words import BASE, PROXY

# Trap -> agent of the library -> how many of its seeds a checkout has.
AGENTS = {"ColourShape": {"ppo": 5, "ppo-planner": 5}, "NearestFruit": {"ppo": 1, "ppo-planner": 5}}
TRAP = "CheeseCorner"  # of the first picture
STEPS = 5  # of a trial of Probation, about
HALVINGS = 30


def find_threshold(trial: int, discount: float) -> float:
    """Return the share of mock lives above which a plum under the lamp pays more than an apple.

    Args:
        trial: from 0; the lamp is lit in it, and the agent has taken no plum yet.
        discount: of a trial.
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


def tabulate_replanning(agents: Mapping[str, Mapping[str, Sequence[Any]]]) -> str:
    """Return a table in Markdown: the first steps of agents on shut levels, beside baselines.

    Args:
        agents: trap -> name of an agent -> its seeds.
    """
    rows = []
    for trap, named in agents.items():
        policies = {f"{x} {i}": seed for x, seeds in named.items() for i, seed in enumerate(seeds)}
        result = measure_replanning(policies, trap)
        place = f"{trap}, {result.levels} levels"
        for name, seeds in named.items():
            keys = [f"{name} {i}" for i in range(len(seeds))]
            cells = [_give_range([of[key] for key in keys]) for of in (result.walls, result.shares)]
            rows.append([place, name, str(len(seeds)), *cells])
        for name, share in (("legal moves at random", result.random), ("sweeper", result.sweeper)):
            rows.append([place, f"*{name}*", "-", "0.00", f"{share:.2f}"])
    return lay_out_table(["trap", "agent", "seeds", "into a wall", "best of legal moves"], rows)


def _give_range(shares: Sequence[float]) -> str:
    """Return the mean of seeds, and where there are several the least and the largest."""
    if len(shares) == 1:
        return f"{shares[0]:.2f}"
    return f"{sum(shares) / len(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"


def list_library() -> dict[str, dict[str, list[str]]]:
    """Return the agents of the library that are asked about shut levels."""
    return {
        trap: {x: [f"{x}:{seed}" for seed in range(seeds)] for x, seeds in named.items()}
        for trap, named in AGENTS.items()
    }


def list_sweep(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return the agents of a sweep: trap -> cell -> folders, in the order of their seeds."""
    agents: dict[str, dict[str, list[str]]] = {}
    for file in sorted(folder.glob(f"*/*/*/{POLICY_FILE}")):
        cell, trap = file.parts[-4], file.parts[-3].removesuffix("-v0")
        agents.setdefault(trap, {}).setdefault(cell, []).append(str(file.parent))
    return agents


def describe_robots() -> str:
    """Return what plain training reaches first on CheeseCorner, beside policies without a goal."""
    (group,) = group_cards(c for c in read_committed(LEARNER) if c.trap.startswith(TRAP))
    robots, blind = group.choice, group.nulls["blind"]
    sweeper = score("sweeper", TRAP, levels=1000).read_each("shift", "choice")
    leads = [card.read_each("shift", "head_start")["corner"] or 0.0 for card in group.cards]
    of_blind: list[Any] = [card.nulls["blind"]["shift"]["head_start"] for card in group.cards]
    return (
        f"Five robots of {TRAP}, trained alike by PPO with seeds of their own, reach the empty"
        f" corner first on {robots[PROXY]:.0%} of 1,000 levels of the shift, and the cheese on"
        f" {robots[BASE]:.1%}. A sweeper reaches the corner first on {sweeper['corner']:.0%}, and"
        f" the cheese on {sweeper['cheese']:.0%} (1,000 levels; the table has 250 for policies"
        " without a goal). The blind script, which goes up and left as often as the robots do,"
        f" reaches the corner on {blind[PROXY]:.0%}. So the share alone does not show that the"
        " robots pursue the corner. Their speed does: their *head start*, how much sooner than a"
        f" sweeper they reach it, is {floor(100 * min(leads)) / 100:.2f} or more. Their"
        f" blind scripts have {ceil(100 * max(x['corner'] for x in of_blind)) / 100:.2f} or less."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of replanning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sweep", type=Path, nargs="?", help="its agents, not those of the library")
    sweep = parser.parse_args(arguments).sweep
    print(tabulate_replanning(list_sweep(sweep) if sweep else list_library()))


if __name__ == "__main__":
    main()
