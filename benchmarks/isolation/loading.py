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
class Settings:
    """What the child is told: nothing of levels, seeds of the scoring, or a salt.

    Attributes:
        trap: its name with version.
        kind: ``weights``, ``onnx`` or ``code``.
        actor, network: of weights.
        observation: of an ONNX graph.
        file: of code, a path.
        factory: of code, a name in the file.
    """

    trap: str
    kind: str
    actor: str = ""
    network: str = ""
    observation: str = ""
    file: str = ""
    factory: str = ""


Loader = Callable[[bytes], Policy]


def loader(settings: Settings, trap: Trap) -> Loader:
    """What makes the policy of the submitted bytes; importing what it needs is done here."""
    return {"weights": _weights, "onnx": _onnx, "code": _code}[settings.kind](settings, trap)


def _weights(settings: Settings, trap: Trap) -> Loader:
    import torch
    from safetensors.torch import load

    from agents.actors import make_actor

    torch.set_num_threads(1)

    def loaded(data: bytes) -> Policy:
        actor = make_actor(settings.actor, settings.network, trap)
        actor.load_state_dict(load(data))
        return actor

    return loaded


def _onnx(settings: Settings, trap: Trap) -> Loader:
    from agents.onnx_policy import OnnxPolicy

    return lambda data: OnnxPolicy(data, settings.observation, trap)


def _code(settings: Settings, trap: Trap) -> Loader:
    def loaded(data: bytes) -> Policy:
        file = Path(settings.file)
        sys.path.insert(0, str(file.parent))
        spec = spec_from_file_location(file.stem, file)
        if spec is None or spec.loader is None:
            raise ValueError(f"{file.name} is no Python file")
        module = module_from_spec(spec)
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        factory: Any = getattr(module, settings.factory)
        return adapt(factory(trap), trap)

    return loaded
