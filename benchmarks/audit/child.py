"""The process in which an auditor's code runs: locked, and without this project's code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import numpy as np
import sklearn.ensemble
import sklearn.linear_model
import sklearn.pipeline  # noqa: F401  so that forks of the nursery have it
import torch  # noqa: F401

from benchmarks.audit.assignment import AuditorCall
from benchmarks.isolation import landlock
from benchmarks.isolation.frames import Kind
from benchmarks.isolation.link import Link, NoSuchAnswerError, run
from benchmarks.isolation.locking import import_class, lock_process


def main(parent: int) -> NoReturn:
    """Serve one conversation; ``parent`` is the process that forked this one."""
    run(lambda link: _serve(link, parent))


def _serve(link: Link, parent: int) -> None:
    told = msgspec.json.decode(link.receive()[1], type=AuditorCall)
    readable = [*landlock.foreign_libraries(), Path(told.file)]
    lock_process(parent, readable, "", told.seconds, told.memory)
    link.send(Kind.LOCKED)
    found = import_class(told.module, told.name, told.file)
    if found is None:
        raise NoSuchAnswerError(f"{Path(told.file).name} does not have this class")
    if not isinstance(getattr(found, "tier", None), str):
        raise NoSuchAnswerError("expected a class with a tier, such as tier = 'behaviour'")
    if told.describe:
        link.send(Kind.RESULT, found.tier.encode())
        return
    known, asked = (_read_arrays(link.receive()[1]) for _ in range(2))
    auditor, agents = found(), len(next(iter(asked.values())))
    shares = known.pop("shares")
    auditor.fit(known, shares)
    found = np.asarray(auditor.predict(asked))
    if found.shape != (agents,) or found.dtype.kind not in "fiub":
        raise NoSuchAnswerError(
            f"predict() gave {found.dtype} of shape {found.shape}; expected a number for each of"
            f" {agents} agents"
        )
    link.send(Kind.RESULT, found.astype("<f8").tobytes())


def _read_arrays(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        return dict(found)
