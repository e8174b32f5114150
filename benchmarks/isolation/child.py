"""The process in which foreign weights and graphs run: it locks itself, loads, answers."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import BinaryIO, NoReturn

import numpy as np

from benchmarks.isolation import landlock, limits, seccomp
from benchmarks.isolation.frames import LONGEST_TEXT, NAME_BYTES, SEED_BYTES, Kind, pack, receive
from benchmarks.isolation.loading import ChildSettings, make_loader
from mesa_gym.envs.observations import make_observation
from mesa_gym.policies.protocol import Policy
from mesa_gym.scoring.sampling import read_answer
from mesa_gym.traps import find_trap


class NoAnswerError(Exception):
    """An answer of a policy that cannot be acted on."""


def main() -> NoReturn:
    """Serve the scorer at the other end of standard input and output until it goes."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What foreign code prints must not be taken for an answer.
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        _serve(questions, answers)
    except EOFError:
        os._exit(0)
    except BaseException as error:  # SystemExit too
        traceback.print_exc()
        sys.stderr.flush()
        said = f"it raised {type(error).__name__}: {error}".removesuffix(": ")
        said = str(error) if isinstance(error, NoAnswerError) else said
        _send(answers, pack(Kind.FAILED, said.encode(errors="replace")[:LONGEST_TEXT]))
        os._exit(1)


def _serve(questions: BinaryIO, answers: BinaryIO) -> NoReturn:
    _, content = receive(questions)
    entries = json.loads(content)
    bounds = entries.pop("bounds")
    settings = ChildSettings(**entries)
    limits.begin(bounds["parent"], bounds["cpu_seconds"])
    with open("/proc/self/statm") as statm:
        landlock.lock(landlock.libraries())
        # Threads that libraries start on import are under Landlock already.
        trap = find_trap(settings.trap)()
        load = make_loader(settings, trap)
        limits.bound_memory(statm, bounds["memory"])
    limits.no_more_processes()
    seccomp.lock()
    _send(answers, pack(Kind.LOCKED))
    _, data = receive(questions)
    policy = load(data)
    _send(answers, pack(Kind.READY, policy.observation.encode().ljust(NAME_BYTES)))
    shape = make_observation(trap, policy.observation).space.shape
    while True:
        kind, data = receive(questions)
        _send(answers, _answer(policy, kind, data, shape))


def _answer(policy: Policy, kind: Kind, data: bytes, shape: tuple[int, ...]) -> bytes:
    if kind is Kind.BEGIN:
        mask, seed = data[:-SEED_BYTES], data[-SEED_BYTES:]
        rng = np.random.default_rng(list(np.frombuffer(seed, dtype="<u8")))
        policy.reset(np.frombuffer(mask, dtype=np.bool_).copy(), rng)
        return pack(Kind.DONE)
    seen = np.frombuffer(data, dtype=np.uint8).reshape(-1, *shape).copy()
    answer = np.asarray(policy.act(seen))
    try:
        shares = read_answer(answer, len(seen))
    except ValueError as error:
        raise NoAnswerError(str(error)) from None
    return pack(Kind.ANSWER, shares.astype("<f8").tobytes())


def _send(pipe: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # unbuffered, so that a write may take a part
        rest = rest[pipe.write(rest) :]
