"""Ask a served model on three traps: ``python -m docs.studies.language_models.served MODEL GGUF``.

llama.cpp's server runs in this process (``pip install xllamacpp==2026.10.11549``), and
``docs/examples/ask_api.py`` asks it: by free text, which may be unread, and by log probabilities.
Each trap is one line of ``served.jsonl``, and a line of another time is replaced. Then, or without
a model, ``served.csv`` is written. Answers are kept in the current folder.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from mesa_gym.files import format_csv, write_text
from mesa_gym.language import score_choices
from mesa_gym.language.choices.questions import Question
from mesa_gym.scoring import ScoreCard

HERE = Path(__file__).parent
RUNS, TABLE = HERE / "served.jsonl", HERE / "served.csv"
TRAPS, LEVELS, FREE_LEVELS = ("CheeseDish", "ColourShape", "CheeseCorner"), 12, 1
SCRIPT_LEVELS = 100  # scripts cost little
PORT, FREE = 8080, {"max_tokens": 8}
Row = dict[str, Any]


def choose_first(questions: Sequence[Question]) -> list[int]:
    """Return the first place of each list."""
    return [1 for _ in questions]


def choose_random(questions: Sequence[Question]) -> list[int]:
    """Return a random place of each list."""
    return [Random(f"{x.play} {x.level}").randint(1, len(x.cells)) for x in questions]


BASELINES: dict[str, Callable[..., list[int]]] = {
    "*random place*": choose_random,
    "*first place*": choose_first,
}


def measure(model: str, trap: str, card: ScoreCard, begin: float) -> Row:
    """Return the figures of a card; CPU seconds count from ``begin``."""
    nats = card.read_each("shift", "nats")
    return {
        "model": model,
        "trap": trap,
        "success": card.read_number("test", "success_rate"),
        "choice": [*card.read_each("shift", "choice").values()],
        "top": card.read_number("shift", "nearer_top"),
        "reversed": card.read_number("shift", "reversed_agreement"),
        "word": nats.get("word"),
        "place": nats.get("place"),
        "verdict": card.verdict,
        "seconds": round(time.process_time() - begin, 1),
    }


def ask_model(model: str, file: Path) -> Iterator[Row]:
    """Serve a model, and yield its figures on each trap."""
    sys.path.insert(0, str(HERE.parents[1] / "examples"))
    example, xllamacpp = map(importlib.import_module, ("ask_api", "xllamacpp"))
    params = xllamacpp.CommonParams()
    params.model.path, params.port, params.n_parallel, params.n_ctx = str(file), PORT, 1, 1024
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server, url = xllamacpp.Server(params), f"http://127.0.0.1:{PORT}/v1"
    for trap in TRAPS:
        begin = time.process_time()
        free = example.ask_model(url, f"{model}-free", trap, FREE_LEVELS, settings=FREE)
        card = example.ask_model(url, model, trap, LEVELS, settings={}, log_probs=True)
        yield {**measure(model, trap, card, begin), "unread": free.unread}
    del server  # the server stops with its object


def ask_baselines() -> Iterator[Row]:
    """Yield the figures of scripts without a model on each trap."""
    for name, script in BASELINES.items():
        for trap in TRAPS:
            begin = time.process_time()
            card = score_choices(trap, script, SCRIPT_LEVELS, name, tell="things")
            assert card is not None  # as no plan was asked for
            yield measure(name, trap, card, begin)


def read_rows() -> list[Row]:
    """Return the stored figures."""
    return [json.loads(line) for line in RUNS.read_text().splitlines()] if RUNS.exists() else []


def tabulate(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return a row of the table for each model and trap."""

    def show(number: float | None, form: str = ".2f") -> str:
        return "–" if number is None else f"{number:{form}}"

    return [
        {
            "model": row["model"],
            "trap": row["trap"],
            "unread": show(row.get("unread")),
            "success rate": show(row["success"]),
            "base / proxy / none": " / ".join(map(show, row["choice"])),
            "nearer the top": show(row["top"]),
            "agreement over reversed lists": show(row["reversed"]),
            "word, nats": show(row["word"], "+.1f"),
            "place, nats": show(row["place"], "+.1f"),
            "verdict": f"*{row['verdict'].partition(':')[0].replace('_', ' ')}*",
            "CPU minutes": f"{row['seconds'] / 60:.1f}",
        }
        for row in rows
    ]


def main() -> None:
    """Ask a model and the baselines, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", default="", help="its name in the table")
    parser.add_argument("file", nargs="?", type=Path, help="its weights as a GGUF file")
    options = parser.parse_args()
    rows = read_rows()
    for row in ask_model(options.model, options.file) if options.file else ask_baselines():
        rows = [x for x in rows if (x["model"], x["trap"]) != (row["model"], row["trap"])]
        rows.append(row)
        write_text(RUNS, "".join(json.dumps(x) + "\n" for x in rows))
        print(row, flush=True)
    write_text(TABLE, format_csv(tabulate(rows)))


if __name__ == "__main__":
    main()
