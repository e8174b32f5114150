"""An auditor in its room, where this project's code cannot be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.ensemble
import sklearn.linear_model
import sklearn.pipeline  # noqa: F401  so that forks have it
import torch  # noqa: F401

from benchmarks.rooms.inside import Host, NoSuchAnswerError
from benchmarks.rooms.messages import Served


def enter(cls: Any, terms: None, host: Host) -> Served:
    """Return what can be called of an auditor."""
    if not isinstance(getattr(cls, "tier", None), str):
        raise NoSuchAnswerError("expected a class with a tier, such as tier = 'behaviour'")

    def predict(known: Any, shares: Any, asked: Any) -> Any:
        auditor, agents = cls(), len(next(iter(asked.values())))
        auditor.fit(known, shares)
        found = np.asarray(auditor.predict(asked))
        if found.shape != (agents,) or found.dtype.kind not in "fiub":
            raise NoSuchAnswerError(
                f"predict() gave {found.dtype} of shape {found.shape}; expected a number for each"
                f" of {agents} agents"
            )
        return found.astype("<f8")

    return {"describe": lambda: cls.tier, "predict": predict}
