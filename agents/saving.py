"""Trained agents on their way to disk: a directory with ``policy.json`` and weights."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.results import TrainedAgent
from agents.run import Run
from mesa_gym.files import name_errors, write_bytes
from mesa_gym.policies import POLICY_FILE
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import describe_needs
from mesa_gym.trained.record import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.trained.tensors import encode_weights
from mesa_gym.traps import Trap


@dataclass(frozen=True)
class SavedAgent:
    """An agent and its record, to be saved.

    Attributes:
        record: the agent's record.
        weights: as in the file.
    """

    record: AgentRecord
    weights: bytes


def require_free(folder: Path) -> None:
    """Raise FileExistsError where something would be overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; choose another, or delete it")


def describe_training(run: Run, trained: TrainedAgent, versions: dict[str, str]) -> SavedAgent:
    """Return the description of a training that is written to disk.

    Args:
        run: of one seed.
        trained: its agent.
        versions: of the packages that trained it.

    Raises:
        ValueError: weights alone cannot restore an agent, as with an edited planner.
    """
    facts = run.facts() | {"command": run.command(), "versions": versions}
    facts |= {"about": run.algorithm.describe(), "looks": [*map(tuple, trained.looks)]}
    facts |= {"steps": trained.steps, "curve": trained.curve}
    for name in ("trap", "seed", "keywords"):
        del facts[name]
    return record_agent(trained.agent, run.environment().trap, run.name, run.seed, **facts)


def record_agent(agent: Agent, trap: Trap, name: str, seed: int, **facts: Any) -> SavedAgent:
    """Return an agent with its record.

    Args:
        agent: the trained one.
        trap: what it was trained on.
        name: of the agent, as ``AgentRecord`` has it.
        seed: of its training.
        facts: further entries of ``AgentRecord``.

    Raises:
        ValueError: weights alone cannot restore the agent, as with an edited planner.
    """
    agent.require_savable()
    weights = encode_weights(agent.weights)
    record = AgentRecord(
        trap=trap.name(), name=name, seed=seed, kind=agent.kind, parameters=trap.parameters,
        weights_digest=digest_weights(weights), **describe_needs(trap), **facts,
    )  # fmt: skip
    return SavedAgent(record, weights)


def save(folder: Path, trained: SavedAgent) -> None:
    """Write a trained agent: all of it, or nothing.

    Args:
        folder: the agent's directory, made here with its parents.
        trained: the agent.

    Raises:
        FileExistsError: the directory holds something already.
    """
    require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    with name_errors(folder):
        partial.mkdir()
        try:
            write_bytes(partial / WEIGHTS_FILE, trained.weights)
            trained.record.save(partial / POLICY_FILE)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
