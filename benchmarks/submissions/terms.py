"""Plain data between evaluator and room: what is told of a submitted file."""

from __future__ import annotations

from typing import Literal

import msgspec


class FileTerms(msgspec.Struct, frozen=True):
    """A submitted file as its room is told of it: without levels, seeds of the scoring, or a salt.

    Attributes:
        trap: its name with version.
        kind: of the file.
        architecture: of weights.
        observation: of an ONNX graph.
    """

    trap: str
    kind: Literal["weights", "onnx"]
    architecture: str = ""
    observation: str = ""
