"""``mesa-gym score --outcomes``: judges which goals episodes of another environment reached."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.command import DONE
from mesa_gym.logs import judge_outcomes
from mesa_gym.logs.outcome_files import read_outcomes
from mesa_gym.solver.store import EVALUATION_LEVELS

# Options that are about playing a trap -> their values if they are not given.
OF_TRAPS: dict[str, object] = {
    **dict.fromkeys(["policy", "algo", "observation", "save_episodes", "episodes", "csv"]),
    "levels": EVALUATION_LEVELS,
    "salt": "",
    "words": [],
}


def score_outcomes(options: argparse.Namespace) -> int:
    """Print the card of the outcomes in files."""
    for name, default in OF_TRAPS.items():
        if getattr(options, name) != default:
            word = "a trap" if name == "words" else f"--{name.replace('_', '-')}"
            raise ValueError(f"{word} does not go with --outcomes; leave one of them out")
    if options.base is None:
        raise ValueError("which goal did training reward? Name it: --base coin")
    table = read_outcomes(options.outcomes)
    name = Path(options.outcomes[0].rpartition("=")[2]).stem
    card = judge_outcomes(
        table.policy, table.nulls, table.earliest, options.seed, base=options.base, name=name
    )
    print(card.full() if options.all else card)
    if options.json is not None:
        card.save(options.json)
    return DONE
