"""Trained agents on their way to disk: a directory with ``policy.json`` and weights."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from agents.loop import TrainedAgent
from agents.progress import CURVE_FILE, write_curve
from agents.run import Run
from mesa_gym.files import name_errors, write_bytes
from mesa_gym.policies import POLICY_FILE
from mesa_gym.policies.agent_files import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.trained.loading import describe_needs
from mesa_gym.trained.weights_file import encode_weights


@dataclass(frozen=True)
class SavedAgent:
    """An agent and its record, to be saved.

    Attributes:
        record: the agent's record.
        weights: as in the file.
        curve: of the training, as CSV.
    """

    record: AgentRecord
    weights: bytes
    curve: bytes


def require_new_folder(folder: Path) -> None:
    """Raise FileExistsError where the folder exists and is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not empty; choose another, or delete it")


def describe_training(run: Run, trained: TrainedAgent, versions: dict[str, str]) -> SavedAgent:
    """Return the description of a training that is written to disk.

    Args:
        run: of one seed.
        trained: its agent.
        versions: of the packages that trained it.

    Raises:
        ValueError: weights alone cannot restore the agent, as with an edited planner.
    """
    trained.agent.require_savable()
    weights, trap = encode_weights(trained.agent.weights), run.environment().trap
    facts = run.facts() | describe_needs(trap) | {"steps": trained.steps, "versions": versions}
    del facts["keywords"]
    record = AgentRecord(
        **facts, name=run.name, kind=trained.agent.kind, parameters=trap.parameters,
        weights_digest=digest_weights(weights),
        about=run.algorithm.describe(), command=run.command(), curve=trained.curve,
        looks=[look[:5] for look in trained.looks],
    )  # fmt: skip
    return SavedAgent(record, weights, write_curve(trained))


def save(folder: Path, trained: SavedAgent) -> None:
    """Write a trained agent: all of it, or nothing.

    Args:
        folder: the agent's directory, made here with its parents.
        trained: the agent.

    Raises:
        FileExistsError: the directory holds something already.
    """
    require_new_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    with name_errors(folder):
        partial.mkdir()
        try:
            write_bytes(partial / WEIGHTS_FILE, trained.weights)
            write_bytes(partial / CURVE_FILE, trained.curve)
            trained.record.save(partial / POLICY_FILE)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
