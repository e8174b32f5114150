"""Saves trained agents: a folder with ``policy.json``, the weights and the training curve."""

from __future__ import annotations

import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from agents.loop import TrainedAgent
from agents.progress import CURVE_FILE, write_curve
from mesa_gym.files import name_errors, name_partial, write_bytes
from mesa_gym.policies import POLICY_FILE
from mesa_gym.policies.agent_files import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.scoring.card import package_versions
from mesa_gym.trained.loading import describe_needs
from mesa_gym.trained.weights_file import encode_weights

# A record contains their versions.
PACKAGES = ("jax", "jaxlib", "optax", "stable-baselines3", "torch")


def require_new_folder(folder: Path) -> None:
    """Raise FileExistsError if the folder exists and is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{folder} exists and is not empty; name another folder, or delete it"
        )


def save(folder: Path, trained: TrainedAgent) -> None:
    """Write a trained agent to a new folder atomically.

    Raises:
        FileExistsError: the folder has files already.
        ValueError: weights alone cannot restore the agent, for example an edited planner.
    """
    require_new_folder(folder)
    trained.agent.require_savable()
    weights = encode_weights(trained.agent.weights)
    record = describe_training(trained, digest_weights(weights))
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = name_partial(folder)
    with name_errors(folder):
        partial.mkdir()
        try:
            write_bytes(partial / WEIGHTS_FILE, weights)
            write_bytes(partial / CURVE_FILE, write_curve(trained))
            record.save(partial / POLICY_FILE)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def describe_training(trained: TrainedAgent, digest: str) -> AgentRecord:
    """Return the record of a trained agent with the digest of its weights."""
    run, versions = trained.run, package_versions()
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    trap = run.environment().trap
    facts = run.facts() | describe_needs(trap) | {"steps": trained.steps, "versions": versions}
    facts["settings"] = run.changes(trained.settings)
    del facts["keywords"]
    return AgentRecord(
        **facts, name=run.name, kind=trained.agent.kind, parameters=trap.parameters,
        weights_digest=digest, about=run.algorithm.describe(),
        algo_digest=run.algorithm.digest_file(), command=run.command(),
        curve=trained.curve, looks=[look[:5] for look in trained.looks],
    )  # fmt: skip
