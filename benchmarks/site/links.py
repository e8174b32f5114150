"""Addresses of the pages of a board."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

_UNSAFE = re.compile(r"[^a-z0-9._-]|^\.", re.ASCII)
LONGEST = 60


class Links:
    """The addresses of agents' and traps' pages, relative to the index.

    Args:
        agents: every trained agent.
    """

    def __init__(self, agents: Sequence[str]) -> None:
        self._slugs = {name: slug(name) for name in agents}

    def agent(self, name: str) -> str:
        """Of an agent's page."""
        return f"agents/{self._slugs[name]}.html"

    def trap(self, name: str) -> str:
        """Of a trap's page."""
        return f"traps/{name}.html"


def slug(name: str) -> str:
    """A file's name for any name: its own where that is plain, else marked by a digest.

    Names that differ in capitals alone get different files, as not every file system tells
    capitals apart.
    """
    if len(name) <= LONGEST and not _UNSAFE.search(name):
        return name
    digest = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
    readable = _UNSAFE.sub("-", name.lower())[:LONGEST].strip("-.")
    return f"{readable or 'agent'}-{digest}"
