"""In the child: from a submitted file to a policy, by its kind.

What is imported here is ours, or a library; it is imported before the child is locked for good.
The functions that are returned touch foreign bytes, and are called after.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from mesa_gym.policies.adapting import adapt
from mesa_gym.policies.protocol import Policy
from mesa_gym.traps import Trap


@dataclass(frozen=True)
class ChildSettings:
    """Settings that the child gets: without levels, seeds of the scoring, or a salt.

    Attributes:
        trap: its name with version.
        kind: ``weights``, ``onnx`` or ``code``.
        architecture: of weights.
        observation: of an ONNX graph.
        file: of code, a path.
        factory: of code, a name in the file.
    """

    trap: str
    kind: str
    architecture: str = ""
    observation: str = ""
    file: str = ""
    factory: str = ""


Loader = Callable[[bytes], Policy]


def make_loader(settings: ChildSettings, trap: Trap) -> Loader:
    """Return what makes the policy of the submitted bytes; what it needs is imported here."""
    return {"weights": _weights, "onnx": _onnx, "code": _code}[settings.kind](settings, trap)


def _weights(settings: ChildSettings, trap: Trap) -> Loader:
    import torch

    from agents.saving import KINDS, make, restore

    torch.set_num_threads(1)
    # What an architecture imports is imported here; that there is none of a name is told later.
    made = make(settings.architecture, trap) if settings.architecture in KINDS else None
    return lambda data: restore(made or make(settings.architecture, trap), data)


def _onnx(settings: ChildSettings, trap: Trap) -> Loader:
    from benchmarks.isolation.onnx_policy import OnnxPolicy

    return lambda data: OnnxPolicy(data, settings.observation, trap)


def _code(settings: ChildSettings, trap: Trap) -> Loader:
    def load_code(data: bytes) -> Policy:
        file = Path(settings.file)
        sys.path.insert(0, str(file.parent))
        spec = spec_from_file_location(file.stem, file)
        if spec is None or spec.loader is None:
            raise ValueError(f"{file.name} is not a Python file")
        module = module_from_spec(spec)
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        factory: Any = getattr(module, settings.factory)
        return adapt(factory(trap), trap)

    return load_code
