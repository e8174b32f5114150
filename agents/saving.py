"""A trained agent on disk: a directory with ``policy.json`` and ``weights.safetensors``."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mesa_gym.errors import missing_extra
from mesa_gym.policies import POLICY_FILE, SCHEMA, read_policy_file
from mesa_gym.traps import Trap

try:
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors
    from safetensors.torch import save as as_bytes
except ImportError as error:
    raise missing_extra(error.name or "torch", "sb3") from None

from agents.actors import Actor, make_actor

WEIGHTS_FILE = "weights.safetensors"
CHECKPOINTS = "checkpoints"
LOADER = "agents.saving:load"


def require_free(folder: Path) -> None:
    """FileExistsError where something would be overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; choose another, or delete it")


def weights(actor: Actor) -> bytes:
    """An actor's weights, as they lie in the file."""
    return as_bytes(actor.state_dict())


def save(
    folder: Path,
    trained: bytes,
    kind: str,
    network: str,
    trap: Trap,
    facts: dict[str, Any],
    checkpoints: Mapping[int, bytes] = MappingProxyType({}),
) -> None:
    """Write a trained agent: all of it, or nothing.

    Args:
        folder: the agent's directory, made here with its parents.
        trained: its ``weights``.
        kind: of actor that it is.
        network: the name of its network.
        trap: what it was trained on.
        facts: what else ``policy.json`` says, such as the seed.
        checkpoints: steps -> weights; each becomes an agent in ``checkpoints/<steps>``.

    Raises:
        FileExistsError: the directory holds something already.
    """
    require_free(folder)
    entries = {
        "schema": SCHEMA,
        "trap": trap.name(),
        "size": list(trap.size),
        "parameters": trap.parameters,
        "observation": Actor.observation,
        "loader": LOADER,
        "weights": WEIGHTS_FILE,
        "actor": kind,
        "network": network,
        **facts,
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    partial.mkdir()
    try:
        _write(partial, trained, entries)
        for steps, earlier in checkpoints.items():
            part = partial / CHECKPOINTS / str(steps)
            part.mkdir(parents=True)
            _write(part, earlier, entries | {"trained_for": steps})
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(folder: Path, trained: bytes, entries: dict[str, Any]) -> None:
    (folder / WEIGHTS_FILE).write_bytes(trained)
    entries = entries | {"weights_digest": digest(trained)}
    (folder / POLICY_FILE).write_text(json.dumps(entries, indent=2) + "\n")


def digest(trained: bytes) -> str:
    """Tells changed bytes, and the weights of another agent, which nothing else would."""
    return blake2b(trained, digest_size=16).hexdigest()


def load(folder: Path, trap: Trap) -> Actor:
    """The agent in a directory; ``policy.json`` names this function as its loader.

    Raises:
        ValueError: it is damaged, or was trained on another trap, size or parameters.
    """
    entries = read_policy_file(folder)
    needed = {
        "size": list(trap.size),
        "parameters": trap.parameters,
        "observation": Actor.observation,
    }
    for name, here in needed.items():
        if entries.get(name) != here:
            raise ValueError(
                f"the agent in {folder} was trained with {name} {entries.get(name)!r} and cannot"
                f" act on {trap!r}; train one for it"
            )
    actor = make_actor(str(entries.get("actor")), str(entries.get("network")), trap)
    file = folder / entries["weights"]
    try:
        trained = file.read_bytes()
        if entries.get("weights_digest") != digest(trained):
            raise ValueError(f"its digest is not the one in {POLICY_FILE}")
        actor.load_state_dict(load_tensors(trained))
    except (SafetensorError, RuntimeError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{file} is damaged or not of this agent ({reason}); train or copy the agent again"
        ) from None
    return actor
