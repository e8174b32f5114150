"""A room that runs a file, to try the locks by what hostile code does."""

import sys
from pathlib import Path

import torch  # noqa: F401  so that forks have it

from benchmarks.rooms.players import Players
from mesa_gym.policies.adapting import adapt
from mesa_gym.traps import find_trap


def enter(cls, terms, host):
    """Serve the policy of ``make(trap)``; the file also gets ``host``, as hostile code would."""
    file, players, trap = Path(terms["file"]), Players(), find_trap("CheeseCorner")()
    sys.setrecursionlimit(2000)

    def load():
        names = {"__name__": file.stem, "__file__": str(file), "host": host}
        exec(compile(file.read_text(), file, "exec"), names)
        players.policies = [adapt(names["make"](trap), trap)]
        return players.policies[0].observation

    return {"load": load} | players.serve()
