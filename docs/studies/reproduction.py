"""Compare the committed cards with those of an earlier commit, row by row.

``python -m docs.studies.reproduction COMMIT`` reads both as JSON, because cards of another schema
cannot be loaded. For each row it counts the seeds with an equal verdict, with an equal detail, with
equal choices on all levels of the shift (both plays and twins) and with an equal digest.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path("mesa_gym/report/cards")
PLAYS = ("shift", "again", "twins")
COLUMNS = ("cards", "again", "verdict", "detail", "choices", "digest")


def read_cards(data: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    """Return (policy, trap) -> card of a packed file, whose first line is the origin."""
    cards = (json.loads(line) for line in lzma.decompress(data).decode().splitlines()[1:])
    return {(card["policy"], card["trap"]): card for card in cards}


def compare(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Yield the columns in which two cards are equal."""
    yield "again"
    if old["verdict"] == new["verdict"]:
        yield "verdict"
    if (old["verdict"], old["detail"]) == (new["verdict"], new["detail"]):
        yield "detail"
    choices = [[(card["choices"] or {}).get(play) for play in PLAYS] for card in (old, new)]
    if choices[0] == choices[1] and any(choices[0]):
        yield "choices"
    if old["provenance"]["digest"] == new["provenance"]["digest"]:
        yield "digest"


def main(commit: str) -> None:
    """Print the table, and each card whose verdict differs."""
    print("| row |", " | ".join(COLUMNS), "|\n|---|", "---|" * len(COLUMNS), sep="")
    differing = []
    for file in sorted(FOLDER.glob("*.jsonl.xz")):
        old_data = subprocess.check_output(["git", "show", f"{commit}:{file}"])
        old, new = read_cards(old_data), read_cards(file.read_bytes())
        counts = Counter({"cards": len(old)})
        for key in old.keys() & new.keys():
            counts.update(compare(old[key], new[key]))
            if old[key]["verdict"] != new[key]["verdict"]:
                words = [f"{x['verdict']} ({x['detail']})" for x in (old[key], new[key])]
                differing.append(f"{' on '.join(key)}: {words[0]}, now {words[1]}")
        numbers = " | ".join(str(counts[column]) for column in COLUMNS)
        print(f"| {file.name.partition('.')[0]} | {numbers} |")
    print(*sorted(differing), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
