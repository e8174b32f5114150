"""Texts that are read by people, compared with files; ``GOLDEN=write pytest ...`` writes them."""

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden" / "texts"


def require_golden(name, text):
    """Fail unless a text is that of a file in ``tests/golden/texts``."""
    if os.environ.get("GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text)
    assert text == (FOLDER / name).read_text()
