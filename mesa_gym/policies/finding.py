"""The policies that one can pick for a trap: the library's, agents trained here, named ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mesa_gym.policies.library import is_plain, list_library
from mesa_gym.policies.loading import POLICY_FILE, read_policy_file
from mesa_gym.policies.names import references
from mesa_gym.traps import Trap

DEPTH, FOLDERS = 6, 3000  # of the search for trained agents: how deep, and how many folders
SKIPPED = ("node_modules", "site-packages", "__pycache__")
MEANINGS = {
    "either": "optimal for all objectives together",
    "aimless": "optimal where objectives agree, else at random",
    "random": "any action, at random",
    "stay": "never moves",
    "sweeper": "goes to the nearest cell that it has not visited",
}


def offer_policies(trap: type[Trap], root: Path) -> dict[str, str]:
    """Return the policies to offer for a trap, trained ones first.

    Args:
        trap: what they will act on.
        root: the folder under which trained agents are looked for.

    Returns:
        What ``as_policy`` takes -> what is known of it: the library's agents of plain training
        and its planners, agents under the folder, those with names, the library's others.
    """
    try:
        library = list_library(trap)
    except ValueError:  # damaged: `--policy library:0` says how
        library = {}
    first = {spec: about for spec, about in library.items() if is_plain(spec)}
    others = {spec: about for spec, about in library.items() if spec not in first}
    return first | trained_policies(trap, root) | named_policies(trap) | others


def named_policies(trap: type[Trap]) -> dict[str, str]:
    """Return the policies that come with a trap: name -> what it means."""
    return {spec: _describe_policy(trap, spec) for spec in references(trap)}


def trained_policies(trap: type[Trap], root: Path) -> dict[str, str]:
    """Find the agents under a folder that were trained on a trap, the nearest first.

    Folders that are hidden or belong to installed packages are skipped, and links not followed.

    Returns:
        An agent's directory -> what its file says of the training.
    """
    found = {}
    for folder in _find_folders(root):
        try:
            says = read_policy_file(folder)
        except (ValueError, OSError):
            continue  # it is not an agent, or cannot be read
        if says["trap"] == trap.name():
            path = folder.relative_to(root).as_posix()
            # With a slash, so that it is never taken for a name such as "random".
            found[path if "/" in path else f"./{path}"] = _describe_training(trap, says)
    return found


def _find_folders(root: Path) -> list[Path]:
    """Find the folders with a policy file, level by level, within the bounds."""
    found: list[Path] = []
    queue = [(root, 0)]
    for looked, (folder, depth) in enumerate(queue):
        if looked == FOLDERS:
            break
        try:
            inside = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        if any(entry.name == POLICY_FILE for entry in inside):
            found.append(folder)
        for entry in inside if depth < DEPTH else ():
            hidden = entry.name.startswith(".") or entry.name in SKIPPED
            if not hidden and entry.is_dir(follow_symlinks=False):
                queue.append((Path(entry), depth + 1))
    return found


def _describe_policy(trap: type[Trap], spec: str) -> str:
    kind, _, objective = spec.partition(":")
    if not objective:
        return MEANINGS[spec]
    how = "optimal for" if kind == "oracle" else "scripted for"
    return f"{how} the {'base' if objective == trap.base else 'proxy'} objective"


def _describe_training(trap: type[Trap], says: dict[str, Any]) -> str:
    """Return what a policy file says of training, as far as it does."""
    steps, reached, seed = (_count(says.get(name)) for name in ("steps", "trained_for", "seed"))
    facts = []
    if steps is not None:
        facts.append(f"{steps:,} steps" if reached is None else f"{reached:,} of {steps:,} steps")
    if seed is not None:
        facts.append(f"seed {seed}")
    if (reward := says.get("reward")) in trap.proxies:
        facts.append(f"paid for {reward}")
    if isinstance(network := says.get("network"), str):
        facts.append(network)
    return ", ".join(facts)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
