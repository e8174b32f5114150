"""Policies from files: models that Stable-Baselines3 saved, and ONNX graphs."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any

from mesa_gym.errors import missing_extra, read_error, unknown
from mesa_gym.files import read_bytes
from mesa_gym.traps import Trap

ENDINGS = (".zip", ".onnx")
PT = (
    "; a .pt does not say its class: in Python score(network, TRAP), or write ONNX"
    " (docs/scoring.md)"
)
# Each algorithm, the package and the class that load its models.
ALGORITHMS = {
    **{name.lower(): ("stable_baselines3", name) for name in ("PPO", "A2C", "DQN")},
    **{name.lower(): ("sb3_contrib", name) for name in ("QRDQN", "TRPO")},
    "recurrent_ppo": ("sb3_contrib", "RecurrentPPO"),
}


def is_model_file(policy: Any) -> bool:
    """Return whether a policy is the name of a file that Stable-Baselines3 saved."""
    return isinstance(policy, str | Path) and str(policy).endswith(".zip")


def load_file(file: str, trap: Trap, observation: str | None, algo: str | None) -> Any:
    """Return the policy or the model in a saved file, for ``as_policy``."""
    if is_model_file(file):
        return load_model(file, algo)
    if not file.endswith(ENDINGS):
        raise ValueError(
            f"policy {file!r} is a file; expected a directory, a .zip of Stable-Baselines3, an"
            f" .onnx, or `FILE.py:name` that loads it{PT if file.endswith(('.pt', '.pth')) else ''}"
        )
    from mesa_gym.policies.onnx import OnnxPolicy

    try:
        return OnnxPolicy(read_bytes(Path(file)), trap, observation)
    except ValueError as error:
        raise ValueError(f"policy {file!r}: {error}") from None


def load_model(file: str, algo: str | None) -> Any:
    """Return a model that Stable-Baselines3 saved; ValueError where ``algo`` cannot load it."""
    if algo is None:
        raise ValueError(
            f"policy {file!r} is a saved model, which does not say what loads it; add --algo (in"
            f" Python algo=...), one of {', '.join(ALGORITHMS)}"
        )
    asked = algo.lower().replace("-", "").replace("_", "")
    found = [each for word, each in ALGORITHMS.items() if word.replace("_", "") == asked]
    if not found:
        raise unknown("algorithm", algo, ALGORITHMS)
    package, name = found[0]
    try:
        algorithm = getattr(importlib.import_module(package), name)
    except ImportError:
        raise missing_extra(package.replace("_", "-"), "sb3") from None
    try:
        return algorithm.load(io.BytesIO(read_bytes(Path(file))), device="cpu")
    except Exception as error:  # whatever unpickling and foreign classes raise
        said = " ".join(f"{type(error).__name__}: {read_error(error)}".split())
        raise ValueError(f"policy {file!r} cannot be loaded by {name}: {said:.200}") from None
