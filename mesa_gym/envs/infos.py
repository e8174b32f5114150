"""Infos: what each objective was paid, in any autoreset mode."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def objectives(infos: dict[str, Any]) -> dict[str, NDArray[np.float64] | float]:
    """Return what each objective paid in the step that gave these infos.

    With autoreset in the same step, what a finished episode earned last is in ``final_info``, and
    ``infos["objectives"]`` alone is without it. This reads both.

    Args:
        infos: of a step or reset, from one environment, or from a vector environment in any
            autoreset mode.

    Returns:
        Objective name -> float64 (n,), 0 where no step was taken (a float for one environment).
    """
    last = infos.get("final_info", {}).get("objectives", {})
    paid = {name: pay for name, pay in infos["objectives"].items() if name[0] != "_"}
    return {name: pay + last.get(name, 0.0) for name, pay in paid.items()}
