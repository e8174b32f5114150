"""In the child: from a submitted file to a policy, by its kind.

What is imported here is ours, or a library; it is imported before the child is locked for good.
The functions that are returned touch foreign bytes, and are called after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mesa_gym.policies.protocol import Policy
from mesa_gym.traps import Trap


@dataclass(frozen=True)
class ChildSettings:
    """Settings that the child gets: without levels, seeds of the scoring, or a salt.

    Attributes:
        trap: its name with version.
        kind: ``weights`` or ``onnx``.
        architecture: of weights.
        observation: of an ONNX graph.
    """

    trap: str
    kind: str
    architecture: str = ""
    observation: str = ""


Loader = Callable[[bytes], Policy]


def make_loader(settings: ChildSettings, trap: Trap) -> Loader:
    """Return what makes the policy of the submitted bytes; what it needs is imported here."""
    return {"weights": _weights, "onnx": _onnx}[settings.kind](settings, trap)


def _weights(settings: ChildSettings, trap: Trap) -> Loader:
    import torch

    from mesa_gym.trained.kinds import KINDS
    from mesa_gym.trained.loading import make, restore

    torch.set_num_threads(1)
    # What an architecture imports is imported here; that there is none of a name is told later.
    made = make(settings.architecture, trap) if settings.architecture in KINDS else None
    return lambda data: restore(made or make(settings.architecture, trap), data)


def _onnx(settings: ChildSettings, trap: Trap) -> Loader:
    from mesa_gym.policies.onnx import OnnxPolicy

    return lambda data: OnnxPolicy(data, trap, settings.observation)
