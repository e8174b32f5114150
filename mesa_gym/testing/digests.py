"""Digests of traps, by which tests see that a finished version has not changed.

``make digests`` records those of new traps.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np

from mesa_gym.engine import State
from mesa_gym.files import read_json, write_json
from mesa_gym.testing.check import ConformanceError, TrapLike
from mesa_gym.testing.sample import Sample, episodes
from mesa_gym.traps import Split, Trap, as_trap

KEPT_IN = Path("tests/golden/digests.json")
HASHED = 32


def digest(trap: TrapLike) -> dict[str, str]:
    """Return digests of a trap's first levels and of a fixed rollout on them, for each split.

    They cover everything that a user can observe: the planes of start states and after every
    step, every objective's payments and discount, endings and the time limit. Digests are equal
    on all platforms.

    Args:
        trap: a name, an id, a class or a trap.

    Returns:
        ``<split> levels`` and ``<split> rollout`` -> 32 hexadecimal digits.
    """
    instance, digests = as_trap(trap), {}
    for split in Split:
        start = instance.levels(split, np.arange(HASHED))
        digests[f"{split.value} levels"] = _hash_arrays([instance.observe(start)])
        digests[f"{split.value} rollout"] = _hash_arrays(
            _rollout(Sample(instance, split, HASHED), start)
        )
    return digests


def _rollout(sample: Sample, start: State) -> Iterator[np.ndarray]:
    trap = sample.trap
    yield np.array([trap.discount(name) for name in sorted(trap.objectives)])
    for _, step in episodes(sample, start, "digest"):
        yield from (step.paid[name] for name in sorted(step.paid))
        yield step.ended
        yield trap.observe(step.state)


def _hash_arrays(arrays: Iterator[np.ndarray] | list[np.ndarray]) -> str:
    total = blake2b(digest_size=16)
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        total.update(f"{little.dtype.str}{little.shape}".encode())
        total.update(little.tobytes())
    return total.hexdigest()


def check_digest(trap: TrapLike, path: Path = KEPT_IN) -> None:
    """Check that a trap's digests still equal the digests of its version in ``path``.

    Raises:
        ConformanceError: the digests differ, or none are recorded.
    """
    instance = as_trap(trap)
    recorded, current = _read_digests(path, instance).get(instance.name()), digest(instance)
    if recorded is None:
        message = f"{path} has no digests of this trap; `make digests` records them"
        raise ConformanceError("digest", instance, message)
    if changed := ", ".join(name for name in current if recorded.get(name) != current[name]):
        message = f"{changed} changed, and a finished version never does; make a new version"
        hint = f"(`version = {instance.version + 1}`) beside this one, or take the change back"
        raise ConformanceError("digest", instance, f"{message} {hint}")


def record_digest(trap: TrapLike, path: Path = KEPT_IN) -> bool:
    """Add a trap's digests to ``path`` if it has no digests of this trap.

    Returns:
        Whether the file was written.

    Raises:
        ConformanceError: different digests are recorded; the file stays unchanged.
    """
    instance = as_trap(trap)
    recorded = _read_digests(path, instance)
    if instance.name() in recorded:
        check_digest(instance, path)
        return False
    recorded[instance.name()] = digest(instance)
    write_json(path, dict(sorted(recorded.items())))
    return True


def _read_digests(path: Path, trap: Trap) -> dict[str, dict[str, str]]:
    """Return trap name -> its digests; an empty dict without a file."""
    try:
        return {name: dict(digests) for name, digests in read_json(path).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as error:
        message = f"{path} is damaged ({error}); take it from version control again"
        raise ConformanceError("digest", trap, message) from None
