"""A policy's answers in a child."""

from __future__ import annotations

import numpy as np

from benchmarks.isolation.frames import SEED_BYTES, Kind
from benchmarks.isolation.link import NoSuchAnswerError
from mesa_gym.policies import Policy
from mesa_gym.policies.asking import read_answer


def answer_frame(
    policy: Policy, kind: Kind, data: bytes, shape: tuple[int, ...]
) -> tuple[Kind, bytes]:
    """Return a policy's answer to BEGIN or ASK."""
    if kind is Kind.BEGIN:
        mask, seed = data[:-SEED_BYTES], data[-SEED_BYTES:]
        rng = np.random.default_rng(list(np.frombuffer(seed, "<u8")))
        policy.reset(np.frombuffer(mask, np.bool_).copy(), rng)
        return Kind.DONE, b""
    seen = np.frombuffer(data, np.uint8).reshape(-1, *shape).copy()
    answer = np.asarray(policy.act(seen))
    try:
        return Kind.ANSWER, read_answer(answer, len(seen)).astype("<f8").tobytes()
    except ValueError as error:
        raise NoSuchAnswerError(str(error)) from None
