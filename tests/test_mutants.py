"""The list of planted faults fits the files that they are planted in."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_mutants_fit_files_and_tests():
    """A row whose text left its file, or whose tests moved, could show nothing."""
    read_mutants = runpy.run_path(str(ROOT / ".ci" / "mutants.py"))["read_mutants"]
    assert len(read_mutants(ROOT / ".ci" / "mutants.csv", ROOT)) >= 160
