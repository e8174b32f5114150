"""The process of a submitted program: reads observations, and writes action probabilities.

``python -m mesa_gym.policies.program_worker FILE.py:NAME TRAP`` answers the requests that
``ProgramPolicy`` writes to its standard input.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import Any, BinaryIO

import msgspec
import numpy as np

from mesa_gym.errors import name_error, shorten_text
from mesa_gym.policies import Policy, as_policy
from mesa_gym.policies.asking import read_answer
from mesa_gym.policies.programs import BAD, GOOD, MOST_REPLY, SIZE_BYTES, Traits
from mesa_gym.traps import Split, look_up_trap


def answer_requests(spec: str, trap_name: str, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests with a policy until they end; the first reply contains its ``Traits``."""

    def reply(status: bytes, data: bytes) -> None:
        replies.write(status + len(data).to_bytes(SIZE_BYTES) + data)
        replies.flush()

    try:
        trap = look_up_trap(trap_name)()
        policy = as_policy(spec, trap, trap.horizon(Split.TEST))
        memory = getattr(policy, "memory", True) is not False
        traits = Traits(policy.observation, memory, hasattr(policy, "keep_rows"))
        reply(GOOD, msgspec.json.encode(traits))
        while size := requests.read(SIZE_BYTES):
            reply(GOOD, _do(policy, *pickle.loads(requests.read(int.from_bytes(size)))))
    except (Exception, SystemExit) as error:
        # A character has at most four bytes.
        reply(BAD, shorten_text(name_error(error), MOST_REPLY // 4).encode(errors="replace"))


def _do(policy: Policy, method: str, *args: Any) -> bytes:
    """Call a method of a policy, and return the probabilities of ``act`` as bytes."""
    answer = getattr(policy, method)(*args)
    if method != "act":
        return b""
    return read_answer(np.asarray(answer), len(args[0])).tobytes()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What the program prints would be read as an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    answer_requests(sys.argv[1], sys.argv[2], sys.stdin.buffer, answers)
