"""Submitted weights and graphs in their room: from a file's bytes to a policy, by its kind."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.rooms.inside import Host
from benchmarks.rooms.messages import Served
from benchmarks.rooms.players import Players
from mesa_gym.policies.onnx import OnnxPolicy
from mesa_gym.trained.loading import make, restore
from mesa_gym.traps import find_trap


def enter(cls: None, terms: Any, host: Host) -> Served:
    """Return what can be called of a file; no terms are told: no levels, no seed, no salt."""
    players = Players()
    torch.set_num_threads(1)

    def load(trap: str, architecture: str, data: bytes) -> str:
        """Load weights of an architecture, or a graph where that is "": what it is to be shown."""
        on = find_trap(trap)()
        loaded = restore(make(architecture, on), data) if architecture else OnnxPolicy(data, on)
        players.policies = [loaded]
        return loaded.observation

    return {"load": load} | players.serve()
