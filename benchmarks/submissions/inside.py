"""Submitted weights and graphs in their room: from a file's bytes to a policy, by its kind."""

from __future__ import annotations

from typing import Any

import msgspec
import torch

from benchmarks.rooms.inside import Host
from benchmarks.rooms.messages import Served
from benchmarks.rooms.players import Players
from benchmarks.submissions.terms import FileTerms
from mesa_gym.policies import Policy
from mesa_gym.policies.onnx import OnnxPolicy
from mesa_gym.trained.loading import make, restore
from mesa_gym.traps import Trap, find_trap


def enter(cls: None, terms: Any, host: Host) -> Served:
    """Return what can be called of a file."""
    told = msgspec.convert(terms, FileTerms)
    trap, players = find_trap(told.trap)(), Players()
    torch.set_num_threads(1)

    def load(data: bytes) -> str:
        players.policies = [_make_policy(told, trap, data)]
        return players.policies[0].observation

    return {"load": load} | players.serve()


def _make_policy(told: FileTerms, trap: Trap, data: bytes) -> Policy:
    if told.kind == "onnx":
        return OnnxPolicy(data, trap, told.observation)
    return restore(make(told.architecture, trap), data)
