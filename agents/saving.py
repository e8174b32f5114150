"""Trained agents on disk: a directory with ``policy.json`` and ``weights.safetensors``."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mesa_gym.errors import missing_extra, shorten, unknown
from mesa_gym.files import name_errors, read_bytes, write_bytes, write_text
from mesa_gym.policies import POLICY_FILE, SCHEMA, read_policy_file
from mesa_gym.traps import Trap

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors
    from safetensors.torch import save as as_bytes
except ImportError as error:
    raise missing_extra(error.name or "torch", "sb3") from None

from agents.drc import TickingNetwork
from agents.ensemble import Ensemble
from agents.networks import Network, TorchAgent
from agents.pixels import PixelNetwork
from agents.planner import Planner
from agents.planner_wide import WidePlanner
from agents.vin import ValueIterationNetwork

WEIGHTS_FILE = "weights.safetensors"
CHECKPOINTS = "checkpoints"
LOADER = "agents.saving:load"
BASELINES = ("sb3-ppo", "sb3-dqn", "sb3-recurrent-ppo")
OWN: dict[str, Callable[[Trap], TorchAgent]]
OWN = {
    each.kind: each
    for each in (
        Network, Ensemble, PixelNetwork, Planner, WidePlanner, ValueIterationNetwork,
        TickingNetwork,
    )
}  # fmt: skip
KINDS = (*OWN, *BASELINES)


def make(kind: str, trap: Trap) -> TorchAgent:
    """Make an agent whose weights are still to be loaded.

    Raises:
        UnknownNameError: there is no such kind.
        ImportError: the kind is one of Stable-Baselines3's, which is not installed.
    """
    if kind in BASELINES:
        from agents.sb3 import make_untrained

        return make_untrained(kind, trap)
    if kind not in KINDS:
        raise unknown("kind of agent", kind, KINDS)
    return OWN[kind](trap)


def encode_weights(agent: TorchAgent) -> bytes:
    """Return an agent's weights as they lie in the file, in half precision where that is exact.

    Raises:
        ValueError: it is more than its weights, as an edited planner is.
    """
    agent.require_savable()
    tensors = {}
    for name, tensor in agent.state_dict().items():
        half = tensor.half()
        exact = tensor.dtype is torch.float32 and torch.equal(half.float(), tensor)
        tensors[name] = (half if exact else tensor).clone()
    return as_bytes(tensors)


def restore(agent: TorchAgent, trained: bytes) -> TorchAgent:
    """Load weights into an agent.

    Raises:
        ValueError: the bytes are damaged, of an agent of another shape, or not of float32 or
            float16.
    """
    try:
        tensors = load_tensors(trained)
        if isinstance(agent, Ensemble):
            agent.make_room(tensors)
        _require_kinds(agent, tensors)
        agent.load_state_dict(tensors)
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
    return agent


def _require_kinds(agent: TorchAgent, tensors: Mapping[str, torch.Tensor]) -> None:
    """Raise ValueError where loading would change numbers: only half precision is widened."""
    for name, wanted in agent.state_dict().items():
        given = tensors.get(name, wanted).dtype
        if given not in (wanted.dtype, torch.float16):
            raise ValueError(
                f"{name} is {given}; expected {wanted.dtype}, or torch.float16, which is widened:"
                " a cast would change what the agent does"
            )


def digest(trained: bytes) -> str:
    """Return what tells changed bytes, and the weights of another agent."""
    return blake2b(trained, digest_size=16).hexdigest()


def require_free(folder: Path) -> None:
    """Raise FileExistsError where something would be overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; choose another, or delete it")


def save(
    folder: Path,
    trained: bytes,
    kind: str,
    trap: Trap,
    facts: dict[str, Any],
    checkpoints: Mapping[int, bytes] = MappingProxyType({}),
) -> None:
    """Write a trained agent: all of it, or nothing.

    Args:
        folder: the agent's directory, made here with its parents.
        trained: as ``encode_weights`` makes it.
        kind: one of ``KINDS``.
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
        **_describe_needs(trap),
        "parameters": trap.parameters,
        "loader": LOADER,
        "weights": WEIGHTS_FILE,
        "kind": kind,
        **facts,
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    with name_errors(folder):
        partial.mkdir()
        try:
            _write(partial, trained, entries)
            for steps, earlier in checkpoints.items():
                part = partial / CHECKPOINTS / str(steps)
                called = {"name": f"{facts['name']}-at-{steps}"} if "name" in facts else {}
                _write(part, earlier, entries | {"trained_for": steps} | called)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _describe_needs(trap: Trap) -> dict[str, Any]:
    """Return what an agent must have been trained with, to act on a trap."""
    size, planes = list(trap.size), list(trap.channels)
    return {"size": size, "planes": planes, "observation": TorchAgent.observation}


def _write(folder: Path, trained: bytes, entries: dict[str, Any]) -> None:
    write_bytes(folder / WEIGHTS_FILE, trained)
    entries = entries | {"weights_digest": digest(trained)}
    write_text(folder / POLICY_FILE, json.dumps(entries, indent=2) + "\n")


def load(folder: Path, trap: Trap) -> TorchAgent:
    """Return the agent in a directory; ``policy.json`` names this function as its loader.

    Raises:
        ValueError: it is damaged, or was trained on another trap, size or planes.
    """
    entries = read_policy_file(folder)
    agent = make(str(entries.get("kind")), trap)
    for name, here in _describe_needs(trap).items():
        if entries.get(name) != here and (agent.sized or name != "size"):
            raise ValueError(
                f"the agent in {folder} was trained with {name} {shorten(entries.get(name))} and"
                f" cannot act on {trap!r}; train one for it"
            )
    file = folder / entries["weights"]
    try:
        trained = read_bytes(file)
        if entries.get("weights_digest") != digest(trained):
            raise ValueError(f"its digest is not the one in {POLICY_FILE}")
        return restore(agent, trained)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged or not of this agent ({error}); train or copy the agent again"
        ) from None
