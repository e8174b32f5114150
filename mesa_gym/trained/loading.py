"""Trained agents from disk: a directory with ``policy.json`` and ``weights.safetensors``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from mesa_gym.errors import missing_extra, shorten, unknown
from mesa_gym.files import read_bytes
from mesa_gym.policies import POLICY_FILE, read_policy_file
from mesa_gym.trained.kinds import BASELINES, KINDS, NETWORKS
from mesa_gym.trained.record import digest_weights
from mesa_gym.traps import Trap

try:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load as load_tensors
except ImportError as error:
    raise missing_extra(error.name or "torch", "sb3") from None

from mesa_gym.trained.networks import TorchAgent


def load(folder: Path, trap: Trap) -> TorchAgent:
    """Return the agent in a directory; ``policy.json`` names this function as its loader.

    Raises:
        ImportError: the agent is of Stable-Baselines3, which is not installed.
        ValueError: it is damaged, or was trained on another trap, size or planes.
    """
    entries = read_policy_file(folder)
    agent = make(str(entries.get("kind")), trap)
    for name, here in describe_needs(trap).items():
        if entries.get(name) != here and (agent.sized or name != "size"):
            raise ValueError(
                f"the agent in {folder} was trained with {name} {shorten(entries.get(name))} and"
                f" cannot act on {trap!r}; train one for it"
            )
    file = folder / entries["weights"]
    try:
        trained = read_bytes(file)
        if entries.get("weights_digest") != digest_weights(trained):
            raise ValueError(f"its digest is not the one in {POLICY_FILE}")
        return restore(agent, trained)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged or not of this agent ({error}); train or copy the agent again"
        ) from None


def make(kind: str, trap: Trap) -> TorchAgent:
    """Make an agent whose weights are still to be loaded.

    Raises:
        UnknownNameError: there is no such kind.
        ImportError: the kind is one of Stable-Baselines3's, which is not installed.
    """
    if kind in BASELINES:
        from mesa_gym.trained.baselines import make_baseline

        return make_baseline(kind, trap)
    if kind not in NETWORKS:
        raise unknown("kind of agent", kind, KINDS)
    module, name = NETWORKS[kind]
    made: TorchAgent = getattr(import_module(f"mesa_gym.trained.{module}"), name)(trap)
    return made


def restore(agent: TorchAgent, trained: bytes) -> TorchAgent:
    """Load weights into an agent.

    Raises:
        ValueError: the bytes are damaged, of an agent of another shape, or not of float32 or
            float16.
    """
    try:
        tensors = load_tensors(trained)
        agent.make_room(tensors)
        _require_kinds(agent, tensors)
        agent.load_state_dict(tensors)
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
    return agent


def describe_needs(trap: Trap) -> dict[str, Any]:
    """Return what an agent must have been trained with, to act on a trap."""
    size, planes = list(trap.size), list(trap.channels)
    return {"size": size, "planes": planes, "observation": TorchAgent.observation}


def _require_kinds(agent: TorchAgent, tensors: Mapping[str, torch.Tensor]) -> None:
    """Raise ValueError where loading would change numbers: only half precision is widened."""
    for name, wanted in agent.state_dict().items():
        given = tensors.get(name, wanted).dtype
        if given not in (wanted.dtype, torch.float16):
            raise ValueError(
                f"{name} is {given}; expected {wanted.dtype}, or torch.float16, which is widened:"
                " a cast would change what the agent does"
            )
