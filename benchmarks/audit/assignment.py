"""Plain data between evaluator and child, as JSON. The child imports nothing else of the audit."""

from __future__ import annotations

import msgspec


class AuditorCall(msgspec.Struct, frozen=True):
    """A call of an auditor.

    Attributes:
        module, name, file: where its class is.
        describe: whether it is only to say its tier.
        seconds, memory: bounds, of processor time and bytes.
    """

    module: str
    name: str
    file: str
    describe: bool
    seconds: int
    memory: int
