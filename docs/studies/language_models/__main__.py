"""Write tables and a figure for a page: ``python -m docs.studies.language_models``.

With RUNS, a folder of folders of ``docs/examples/finetune_language_model.py --out``, the figures of
the runs are first read from there. A folder is named by its condition and seed, such as
``labels-0``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docs.studies.language_models.figure import draw_effects
from docs.studies.language_models.tables import (
    CONDITIONS,
    OUTCOMES,
    Run,
    compare_effects,
    format_outcomes,
    tabulate,
)
from mesa_gym.files import format_csv, write_text
from mesa_gym.language.choices import find_list_effects
from mesa_gym.scoring import Cards, ScoreCard
from mesa_gym.scoring.numbers import NATS
from mesa_gym.solver.graph import Floats
from mesa_gym.traps import Split

FIGURES = Path(__file__).with_name("figures.json")
TABLE = Path(__file__).with_name("table.csv")
EFFECTS = Path(__file__).with_name("effects.csv")
SCRIPTS = Path(__file__).with_name("scripts.csv")
PICTURE = Path(__file__).parents[2] / "images" / "language_models.svg"


def find_level_effects(card: ScoreCard) -> dict[str, Floats]:
    """Return the effects of word and place on each level of a card, float64 (levels,)."""
    assert card.choices is not None  # it is the card of a model that chooses places
    return find_list_effects(card.choices, np.eye(len(card.choices.shift)))[NATS]


def find_choice(splits: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the share of shift levels on which each objective is chosen first."""
    return dict(splits[Split.SHIFT.value]["choice"])


def name_condition(folder: Path) -> tuple[str, int]:
    """Return the condition and the seed of a run's folder."""
    if folder.name in CONDITIONS:  # its last number counts examples
        return folder.name, 0
    condition, _, seed = folder.name.rpartition("-")
    return condition, int(seed)


def read_run(folder: Path) -> Run:
    """Return the figures of a run, some of them also for each level."""
    row = json.loads((folder / "row.json").read_text())
    card, exchanged = Cards.load(folder / "cards.json")
    effects, swapped = (find_level_effects(x) for x in (card, exchanged))
    evidence, choice = card.choices, find_choice(card.splits)
    assert evidence is not None  # for mypy
    base, proxy, *_ = evidence.objectives
    condition, seed = name_condition(folder)
    return {
        "condition": condition,
        "seed": seed,
        "known": row["known"],
        "unknown": row["unknown"],
        "verdict": card.verdict,
        "shares": [choice[x] for x in (base, proxy, "none")],
        "word": float(effects["word"].mean()),
        "place": float(effects["place"].mean()),
        "levels": {
            "base": evidence.pool_choices()[:, 0].round(2).tolist(),
            "word": effects["word"].round(1).tolist(),
            "place": effects["place"].round(1).tolist(),
            "exchanged": swapped["word"].round(1).tolist(),
        },
    }


def read_runs() -> list[Run]:
    """Return the kept figures of all runs."""
    return list[Run](json.loads(FIGURES.read_text()))


def read_scripts(folder: Path) -> list[dict[str, str]]:
    """Return a row for each script of a run's card, which answers without a goal."""
    card = Cards.load(folder / "cards.json")[0]
    rows = []
    for name, null in card.nulls.items():
        success, choice = null["test"]["success_rate"], find_choice(null)
        shares = " / ".join(f"{x:.2f}" for x in choice.values())
        rows.append({"script": name, "success rate": f"{success:.2f}", " / ".join(choice): shares})
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Read runs if they are given, and write the tables and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="?")
    folder = parser.parse_args(arguments).runs
    if folder:
        files = sorted(folder.glob("*/row.json"))
        missing = {*CONDITIONS} - {name_condition(file.parent)[0] for file in files}
        if missing:  # the committed figures are of all conditions
            parser.error(f"{folder} has no runs of {', '.join(sorted(missing))}; expected all")
        figures = [json.dumps(read_run(file.parent)) for file in files]
        scripts = format_csv(read_scripts(folder / "reward-0"))  # before a file is replaced
        write_text(FIGURES, "[\n" + ",\n".join(figures) + "\n]\n")
        write_text(SCRIPTS, scripts)
    runs = read_runs()
    write_text(TABLE, format_csv(tabulate(runs)))
    write_text(EFFECTS, format_csv(compare_effects(runs)))
    write_text(OUTCOMES, format_outcomes(runs))
    write_text(PICTURE, draw_effects(runs))


if __name__ == "__main__":
    main()
