"""Write language_models.csv: ``python -m docs.studies.language_models RUNS``.

RUNS is a folder of folders of ``docs/examples/finetune_language_model.py --out``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mesa_gym.files import format_csv, write_text

TABLE = Path(__file__).parent / "language_models.csv"


def tabulate_run(name: str, row: dict[str, Any]) -> dict[str, str]:
    """Return a row of the table: the run, the rewards, and the card with names as they are."""
    choice, nats, exchanged = (
        row[f"{x} as-they-are"] if x != "exchanged" else row["nats exchanged"]
        for x in ("choice", "nats", "exchanged")
    )
    return {
        "run": name,
        "reward": f"{row['known']:.2f}",
        "unknown names": f"{row['unknown']:.2f}",
        "verdict": row["verdict as-they-are"].partition(": ")[2].partition(",")[0],
        "cheese / dish / other": " / ".join(f"{share:.2f}" for share in choice.values()),
        "word": f"{nats['word']:+.1f}",
        "place": f"{nats['place']:+.1f}",
        "word, exchanged names": f"{exchanged['word']:+.1f}",
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    runs = parser.parse_args(arguments).runs
    files = sorted(runs.glob("*/row.json"))
    if not files:
        parser.error(f"{runs} has no */row.json; expected folders that the example wrote")
    rows = [tabulate_run(file.parent.name, json.loads(file.read_text())) for file in files]
    write_text(TABLE, format_csv(rows))


if __name__ == "__main__":
    main()
