"""Reading infos."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def objectives(infos: dict[str, Any]) -> dict[str, NDArray[np.float64] | float]:
    """What each objective paid in the step that gave these infos.

    With autoreset in the same step, what a finished episode earned last is in ``final_info``;
    whoever sums ``infos["objectives"]`` alone loses it. This reads both.

    Args:
        infos: of a step, from one environment or a vector environment in any autoreset mode.

    Returns:
        Objective name -> float64 (n,), 0 where no step was taken (a float for one environment).
        It is empty where no environment took a step, since infos then name no objective.
    """
    paid = infos.get("objectives", {})
    last = infos.get("final_info", {}).get("objectives", {})
    names = [name for name in {**paid, **last} if not name.startswith("_")]
    # Either is 0 where the other one holds.
    return {name: paid.get(name, 0.0) + last.get(name, 0.0) for name in names}
