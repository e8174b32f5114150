"""The policies that one can pick for a trap: those with names, and agents trained here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesa_gym.policies import POLICY_FILE, read_policy_file, references
from mesa_gym.traps import Trap

DEPTH = 6  # of folders in folders
FOLDERS = 3000  # that are looked into; a tenth of a second or so
MEANINGS = {
    "either": "optimal for all objectives together",
    "aimless": "optimal where objectives agree, else at random",
    "random": "any action, at random",
    "stay": "never moves",
}
SKIPPED = ("node_modules", "site-packages", "__pycache__")


@dataclass(frozen=True)
class Offer:
    """A policy to pick.

    Attributes:
        spec: what ``mesa_gym.policies.load_policy`` takes.
        detail: what else is known of it, in short.
    """

    spec: str
    detail: str


def named(trap: type[Trap]) -> list[Offer]:
    """Return the policies that come with a trap."""
    return [Offer(spec, _meaning(trap, spec)) for spec in references(trap)]


def trained(trap: type[Trap], root: Path) -> tuple[list[Offer], bool]:
    """Find the agents under a folder that were trained on a trap, the nearest first.

    Folders that are hidden or belong to installed packages are skipped, and links not followed.

    Returns:
        The agents, and whether all folders were looked into: there are bounds on their depth and
        number.
    """
    offers = []
    folders, done = _folders(root)
    for folder in folders:
        try:
            says = read_policy_file(folder)
        except (ValueError, OSError):
            continue  # it is not an agent, or cannot be read
        if says["trap"] == trap.name():
            path = folder.relative_to(root).as_posix()
            # With a slash, so that it is never taken for a name such as "random".
            offers.append(Offer(path if "/" in path else f"./{path}", _facts(trap, says)))
    return offers, done


def _folders(root: Path) -> tuple[list[Path], bool]:
    """Find the folders with a policy file, and whether there were no more to look into."""
    found: list[Path] = []
    level, seen = [root], 0
    for _ in range(DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            if seen == FOLDERS:
                return found, False
            seen += 1
            try:
                inside = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            if any(entry.name == POLICY_FILE for entry in inside):
                found.append(folder)
            below += [Path(entry) for entry in inside if _goes_on(entry)]
        level = below
    return found, not level


def _goes_on(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith(".") or entry.name in SKIPPED
    return not hidden and entry.is_dir(follow_symlinks=False)


def _meaning(trap: type[Trap], spec: str) -> str:
    kind, _, objective = spec.partition(":")
    if not objective:
        return MEANINGS[spec]
    how = "optimal for" if kind == "oracle" else "scripted for"
    return f"{how} the {'base' if objective == trap.base else 'proxy'} objective"


def _facts(trap: type[Trap], says: dict[str, Any]) -> str:
    """Return what a policy file says of training, as far as it does."""
    steps, reached = _count(says.get("steps")), _count(says.get("trained_for"))
    facts = []
    if steps is not None:
        facts.append(f"{steps:,} steps" if reached is None else f"{reached:,} of {steps:,} steps")
    if (seed := _count(says.get("seed"))) is not None:
        facts.append(f"seed {seed}")
    if (reward := says.get("reward")) in trap.proxies:
        facts.append(f"paid for {reward}")
    if isinstance(network := says.get("network"), str):
        facts.append(network)
    return ", ".join(facts)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
