"""Behaviour cloning: a network learns to do what an optimal policy did on training levels.

A control for reinforcement learning: the same levels, the same networks, and an objective that
was pursued perfectly, but a supervised signal and no reward. The demonstrator knows the state,
and pursues the objective that is paid; its actions were sampled, as an episode shows them.

``steps`` counts the transitions that are learnt from. Each demonstrated one is learnt from about
``EPOCHS`` times, so that ``steps / EPOCHS`` environment steps are demonstrated; where there are
too few levels for so many, each level is used and what was done there is learnt from more often.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from agents.actors import Actor, make_actor
from agents.demonstrations import demonstrations, level_numbers, transitions
from agents.lesson import Lesson
from agents.levels import start_states
from agents.networks import BF16, Bytes, Network
from mesa_gym.engine import Ints
from mesa_gym.scoring.rollout import rollout

EPOCHS = 5
BATCH = 512
LEARNING_RATE = 1e-3
# How often its own returns are looked at, for the learning curve, and on how many levels.
LOOKS = 10
LOOKED_AT = 64


def train(lesson: Lesson) -> Actor:
    """Train an agent."""
    torch.set_num_threads(1)
    torch.manual_seed(lesson.seed)
    rng = np.random.default_rng(lesson.seed)
    actor = make_actor(Actor.kind, lesson.network, lesson.trap)
    seen, taken = demonstrated(lesson, actor.network, rng)
    optimiser = torch.optim.Adam(actor.parameters(), LEARNING_RATE, eps=1e-5, fused=True)
    done, due, look = 0, lesson.due(), 0
    for rows in minibatches(len(taken), rng):
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * (1 - done / lesson.steps)
        learn(actor, optimiser, unpacked(seen[rows], actor.network), taken[rows])
        done += len(rows)
        lesson.progress(len(rows))
        while due and done >= due[0]:
            lesson.keep(due.pop(0), actor)
        if done >= min(look, lesson.steps):
            note_returns(lesson, actor, done)
            look = done + lesson.steps // LOOKS
        if done >= lesson.steps:
            return actor
    raise AssertionError("there is always another minibatch")


def demonstrated(
    lesson: Lesson, network: Network, rng: np.random.Generator
) -> tuple[Bytes, NDArray[np.int64]]:
    """Return what a network sees of the demonstrated transitions, and the actions.

    Returns:
        uint8 (m, bytes), eight inputs a byte, and int64 (m,).
    """
    wanted = -(-lesson.steps // EPOCHS)
    seen: list[Bytes] = []
    taken: list[NDArray[np.int8]] = []
    for starts, actions in demonstrations(lesson, level_numbers(lesson, wanted, rng)):
        planes, chosen = transitions(lesson.trap, starts, actions)
        seen.append(np.packbits(network.view(planes).reshape(len(planes), -1), axis=1))
        taken.append(chosen)
        if sum(map(len, taken)) >= wanted:
            break
    return np.concatenate(seen), np.concatenate(taken).astype(np.int64)


def unpacked(seen: Bytes, network: Network) -> Bytes:
    """Views as a network takes them, of ``demonstrated``'s bytes."""
    bits = np.unpackbits(seen, axis=1, count=int(np.prod(network.shape)))
    return bits.reshape(len(seen), *network.shape)


def minibatches(count: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Rows of about ``BATCH`` transitions each, for ever; all come once an epoch."""
    while True:
        yield from np.array_split(rng.permutation(count), -(-count // BATCH))


def learn(
    actor: Actor, optimiser: torch.optim.Optimizer, seen: Bytes, taken: NDArray[np.int64]
) -> None:
    """One step down the cross-entropy of a minibatch."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BF16):
        features = actor.network(torch.from_numpy(seen))
    loss = cross_entropy(actor.head(features.float()), torch.from_numpy(taken))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def note_returns(lesson: Lesson, actor: Actor, done: int) -> None:
    """Note what the learner itself earns on some training levels after so many steps."""
    trap, rng = lesson.trap, np.random.default_rng([lesson.seed, done])
    starts = start_states(trap, level_numbers(lesson, LOOKED_AT, rng))
    played = rollout(actor, trap, starts, lesson.horizon, done)
    for earned in played.paid[lesson.objective].sum(axis=0):
        lesson.curve.add(done, float(earned))
