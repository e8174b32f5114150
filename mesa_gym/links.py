"""Addresses of the project, for all links on its pages and in its messages.

The built documentation is not published before a first release. Until then, `DOCUMENTATION` is
the folder of its sources, and the page of a trap is the file with its rules.
"""

from __future__ import annotations

REPOSITORY = "https://github.com/mesa-gym/mesa-gym"
FILES = f"{REPOSITORY}/blob/main"
DOCUMENTATION = f"{FILES}/docs"


def link_page(page: str, section: str = "") -> str:
    """Return the address of a page of the documentation, which a wheel does not contain.

    Args:
        page: the page's file, without its ending, such as "studies/statistics".
        section: the anchor of a heading.
    """
    return f"{DOCUMENTATION}/{page}.md{'#' * bool(section)}{section}"


LEADERBOARD = link_page("leaderboard")
ADD_AN_AGENT = link_page("leaderboard", "get-on-it")
CITE = link_page("papers", "cite")


def link_trap(module: str) -> str:
    """Return the address of a trap's documentation page, from the module of its rules."""
    return f"{FILES}/{find_file(module)}"


def find_file(module: str) -> str:
    """Return the file of a module, relative to the repository."""
    return f"{module.replace('.', '/')}.py"
