"""Trained agents on their way to disk: a directory with ``policy.json`` and weights."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesa_gym.files import name_errors, write_bytes
from mesa_gym.policies import POLICY_FILE
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import describe_needs
from mesa_gym.trained.record import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.trained.tensors import encode_weights
from mesa_gym.traps import Trap

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class TrainedAgent:
    """An agent on its way to disk.

    Attributes:
        record: what is known of it.
        weights: as they lie in the file.
        earlier: steps -> the agent at that checkpoint.
    """

    record: AgentRecord
    weights: bytes
    earlier: dict[int, TrainedAgent] = field(default_factory=dict)


def require_free(folder: Path) -> None:
    """Raise FileExistsError where something would be overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; choose another, or delete it")


def record_agent(agent: Agent, trap: Trap, name: str, seed: int, **facts: Any) -> TrainedAgent:
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
    agent.require_savable()
    weights = encode_weights(agent.weights)
    record = AgentRecord(
        trap=trap.name(),
        name=name,
        seed=seed,
        kind=agent.kind,
        parameters=trap.parameters,
        weights_digest=digest_weights(weights),
        **describe_needs(trap),
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


def _write(folder: Path, trained: TrainedAgent) -> None:
    write_bytes(folder / WEIGHTS_FILE, trained.weights)
    trained.record.save(folder / POLICY_FILE)
