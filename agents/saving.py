"""Trained agents on disk: a directory with ``policy.json`` and ``weights.safetensors``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mesa_gym.errors import missing_extra, shorten, unknown
from mesa_gym.files import name_errors, read_bytes, write_bytes
from mesa_gym.policies import POLICY_FILE, read_policy_file
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
from agents.local import LocalNetwork
from agents.networks import Network, TorchAgent
from agents.pixels import PixelNetwork
from agents.planner import Planner
from agents.planner_wide import WidePlanner
from agents.record import WEIGHTS_FILE, AgentRecord, TrainedAgent, digest_weights
from agents.vin import ValueIterationNetwork

CHECKPOINTS = "checkpoints"
BASELINES = ("sb3-ppo", "sb3-a2c", "sb3-dqn", "sb3-recurrent-ppo")
OWN: dict[str, Callable[[Trap], TorchAgent]]
OWN = {
    each.kind: each
    for each in (
        Network, LocalNetwork, Ensemble, PixelNetwork, Planner, WidePlanner, ValueIterationNetwork,
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


def require_free(folder: Path) -> None:
    """Raise FileExistsError where something would be overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; choose another, or delete it")


def record_agent(agent: TorchAgent, trap: Trap, name: str, seed: int, **facts: Any) -> TrainedAgent:
    """Return an agent with its record.

    Args:
        agent: the trained one.
        trap: what it was trained on.
        name: of the agent, as ``AgentRecord`` has it.
        seed: of its training.
        facts: what else is known, by the names of ``AgentRecord``.

    Raises:
        ValueError: it is more than its weights, as an edited planner is.
    """
    weights = encode_weights(agent)
    record = AgentRecord(
        trap=trap.name(),
        name=name,
        seed=seed,
        kind=agent.kind,
        parameters=trap.parameters,
        weights_digest=digest_weights(weights),
        **_describe_needs(trap),
        **facts,
    )
    return TrainedAgent(record, weights)


def save(folder: Path, trained: TrainedAgent) -> None:
    """Write a trained agent: all of it, or nothing.

    Args:
        folder: the agent's directory, made here with its parents.
        trained: the agent; each of its checkpoints becomes an agent in ``checkpoints/<steps>``.

    Raises:
        FileExistsError: the directory holds something already.
    """
    require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    with name_errors(folder):
        partial.mkdir()
        try:
            _write(partial, trained)
            for steps, earlier in trained.earlier.items():
                _write(partial / CHECKPOINTS / str(steps), earlier)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _describe_needs(trap: Trap) -> dict[str, Any]:
    """Return what an agent must have been trained with, to act on a trap."""
    size, planes = list(trap.size), list(trap.channels)
    return {"size": size, "planes": planes, "observation": TorchAgent.observation}


def _write(folder: Path, trained: TrainedAgent) -> None:
    write_bytes(folder / WEIGHTS_FILE, trained.weights)
    trained.record.save(folder / POLICY_FILE)


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
        if entries.get("weights_digest") != digest_weights(trained):
            raise ValueError(f"its digest is not the one in {POLICY_FILE}")
        return restore(agent, trained)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged or not of this agent ({error}); train or copy the agent again"
        ) from None
