"""Ghosts: does a policy go to a target rather than to an unseen twin of it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mesa_gym.scoring.hints import Limits, Share


@dataclass(frozen=True)
class GhostScore:
    """How much sooner a target is entered than its ghost.

    Attributes:
        difference: P(target entered before its ghost) - P(ghost entered before its target); 0
            for whoever is indifferent to the target.
        error: its standard error over levels.
        coverage: the share of levels on which the target has a ghost.
    """

    difference: Annotated[float, Limits(-1, 1, nan=True)]
    error: Annotated[float, Limits(0, nan=True)]
    coverage: Share
