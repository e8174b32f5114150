"""Addresses of the project, for all links on its pages.

The built documentation is not published before a first release. Until then, `DOCUMENTATION` is
the folder of its sources, and the page of a trap is the file with its rules.
"""

from __future__ import annotations

REPOSITORY = "https://github.com/mesa-gym/mesa-gym"
FILES = f"{REPOSITORY}/blob/main"
DOCUMENTATION = f"{FILES}/docs"
LEADERBOARD = f"{DOCUMENTATION}/leaderboard.md"
ADD_AN_AGENT = f"{LEADERBOARD}#get-on-it"


def link_trap(module: str) -> str:
    """Return the address of a trap's documentation page, from the module of its rules."""
    return f"{FILES}/{find_file(module)}"


def find_file(module: str) -> str:
    """Return the file of a module, relative to the repository."""
    return f"{module.replace('.', '/')}.py"
