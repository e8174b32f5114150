"""Edits of planners: changes of their maps by hand, with the same weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.envs.observations import Bytes
from mesa_gym.errors import shorten

Singles = NDArray[np.float32]
# A map (height, width), or a function from planes (n, height, width, channels) to maps.
Edit = ArrayLike | Callable[[Bytes], ArrayLike]


@dataclass(frozen=True, eq=False)
class Edits:
    """The changes made by hand in a planner; none by default.

    Attributes:
        utility, costs: added to the maps.
        patience: factor of the utility; the agent takes longer ways for a target.
        walls: factor of the costs of walls.
    """

    utility: Edit = 0.0
    costs: Edit = 0.0
    patience: float = 1.0
    walls: float = 1.0

    def change(self, given: Mapping[str, Any]) -> Edits:
        """Return these edits with some replaced; None keeps an edit.

        Raises:
            ValueError: an array is not a map, or a factor is not above 0.
        """
        changes = {name: value for name, value in given.items() if value is not None}
        for name in ("utility", "costs"):
            if name in changes and not callable(given := changes[name]):
                changes[name] = found = np.asarray(given, dtype=np.float32)
                if found.ndim not in (0, 2) or not np.isfinite(found).all():
                    raise ValueError(
                        f"{name} must be a number, an array (height, width) of finite numbers, or a"
                        f" function from planes to such arrays, got {shorten(given)}"
                    )
        for name in ("patience", "walls"):
            factor = changes.get(name, 1.0)
            if not (isinstance(factor, int | float) and 0 < factor < math.inf):
                raise ValueError(f"{name} must be a number above 0, got {shorten(factor)}")
        return replace(self, **changes)


UNEDITED = Edits()


def evaluate_edit(name: str, edit: Any, planes: Bytes) -> Singles:
    """Return the addend of the maps of planes, float32 (n, height, width).

    Raises:
        ValueError: the addend has another shape than the maps.
    """
    found = np.asarray(edit(planes) if callable(edit) else edit, dtype=np.float32)
    if found.ndim and found.shape not in (planes.shape[1:3], planes.shape[:3]):
        raise ValueError(
            f"the edit of {name} has shape {found.shape}; expected that of the grid,"
            f" {planes.shape[1]} x {planes.shape[2]} cells"
        )
    return np.broadcast_to(found, planes.shape[:3])
