"""An ensemble of PPO agents that acts on its members' agreement.

What training does not tell apart, such as two goals that it never sees in conflict, may be left to
chance; members that were trained apart then disagree where it matters, and agree on the rest.
The members have weights, levels and action noise of their own and are trained one after another,
with a part each of the lesson's steps, so that an ensemble costs what one agent costs.
``agents.actors.Ensemble`` says how they act together.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from torch import nn

from agents import ppo
from agents.actors import MEMBERS, Actor, Ensemble
from agents.lesson import Lesson
from agents.sb3 import taught


def train(lesson: Lesson) -> Actor:
    """Train an agent; its curve and what is kept of it are of members that learnt as much each."""
    earlier: list[list[Actor]] = []
    members = []
    for number in range(MEMBERS):
        kept: list[Actor] = []
        member = member_lesson(lesson, number, kept)
        members.append(taught(ppo.make_model(member), member))
        lesson.curve.include(member.curve)
        earlier.append(kept)
    # A training that is over within one update has kept nothing.
    for steps, actors in zip(lesson.due(), zip(*earlier, strict=True), strict=False):
        lesson.keep(steps, _together(list(actors)))
    return _together(members)


def member_lesson(lesson: Lesson, number: int, kept: list[Actor]) -> Lesson:
    """A member's part of a lesson; copies of it on its way go to ``kept``."""
    return replace(
        lesson,
        seed=(MEMBERS * lesson.seed + number) % 2**32,
        steps=max(1, lesson.steps // MEMBERS),
        keep=lambda steps, actor: kept.append(deepcopy(actor)),
    )


def _together(actors: list[Actor]) -> Ensemble:
    ensemble = Ensemble(actors[0].network)
    ensemble.members = nn.ModuleList(actors)
    return ensemble
