"""Every trap with every observation that it offers."""

from __future__ import annotations

import pytest

from mesa_gym.envs.observations import OBSERVATIONS
from mesa_gym.traps import all_traps

each_offered = pytest.mark.parametrize(
    ("trap", "observation"),
    [
        pytest.param(trap, name, id=f"{name}-{trap.name()}")
        for trap in all_traps().values()
        for name in OBSERVATIONS
        if trap.symbolic or name != "symbolic"
    ],
)
