"""Executes the notebooks of docs/notebooks, and keeps what they print: ``make notebooks``.

A repository browser shows the outputs, so they are committed. It takes two CPU minutes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

from mesa_gym.files import write_text

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PROGRESS = re.compile(r".*: [\d,]+ of [\d,]+ levels")
SECONDS = 1200  # of a cell, on a busy machine


def execute(path: Path) -> Any:
    """Return a notebook, executed in an empty folder."""
    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory(prefix="mesa-gym-") as folder:
        client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}})
        client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which differ in each run
        if cell.cell_type == "code":
            cell.outputs = [x for x in cell.outputs if not _is_progress(x)]
    return notebook


def _is_progress(output: Any) -> bool:
    """Return whether an output has lines of progress alone, which depend on time."""
    lines = output.get("text", "").splitlines() if output.get("name") == "stderr" else []
    return bool(lines) and all(PROGRESS.fullmatch(line) for line in lines)


def main() -> None:
    """Execute all notebooks, or those named, and write them."""
    for path in [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        write_text(path, f"{nbformat.writes(execute(path))}\n")


if __name__ == "__main__":
    main()
