"""Methods of strangers: files in a folder that is not on Python's path."""

from pathlib import Path

METHODS = Path(__file__).parent / "methods"
LAZY = f"{METHODS}/lazy_methods.py:Lazy"


def name_cheat(name):
    """Return a cheat as the command takes a method."""
    return f"{METHODS}/cheats.py:{name}"
