"""Learners of a setting: an algorithm as it is, PPO with few units, or PPO that goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module

import torch

from agents.lesson import Lesson
from agents.networks import Agent, Network, stacked
from agents.playing import Envs, Variation
from agents.ppo import Learner, trained
from agents.train import ALGORITHMS


def learn(
    lesson: Lesson, algo: str, units: int | None = None, raised: float | None = None
) -> Sequence[Agent]:
    """Train one agent a seed; the arguments are as of ``benchmarks.studies.settings.Setting``."""
    if units is not None:
        return trained(lesson, Variation(), partial(narrow, units=units))
    if raised is not None:
        half = replace(lesson, steps=lesson.steps // 2)
        first, later = trained(half, Variation()), replace(half, alpha=raised)
        return trained(later, Variation(), partial(from_networks, networks=first))
    agents: Sequence[Agent] = import_module(ALGORITHMS[algo]).train(lesson)
    return agents


@torch.no_grad()
def narrow(envs: Envs, lesson: Lesson, inputs: int, units: int) -> Learner:
    """Return a learner of whose hidden layers only the first units are ever active.

    A unit without weights before and behind it has no gradient either, and stays as it is.
    """
    learner = Learner(envs, lesson, inputs)
    stack = learner.stack
    for before in (stack.first, stack.first_bias, stack.second, stack.second_bias):
        before[..., units:] = 0
    for behind in (stack.second, stack.outputs):
        behind[:, units:] = 0
    return learner


@torch.no_grad()
def from_networks(envs: Envs, lesson: Lesson, inputs: int, networks: list[Network]) -> Learner:
    """Return a learner that goes on from trained networks, one a seed."""
    learner = Learner(envs, lesson, inputs)
    for now, earlier in zip(learner.stack, stacked(networks), strict=True):
        now.copy_(earlier)
    return learner
