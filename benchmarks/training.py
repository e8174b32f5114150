"""How an agent on the board came to be: what is kept of its training beside its score card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

from mesa_gym.files import write_json
from mesa_gym.scoring.hints import Count, Limits, Share
from mesa_gym.scoring.reading import parsed, read

SCHEMA = 1


@dataclass(frozen=True)
class Training:
    """One trained agent.

    Attributes:
        trap: name with version.
        agent: the name that all seeds share, such as ``ppo-alpha0.03``.
        seed: what distinguishes it from them.
        about: the algorithm in a word, or what a submission says of itself.
        network: its name; "" where that is not known.
        steps: environment steps; 0 where that is not known.
        alpha: the share of training episodes that came from the shift distribution.
        num_levels: how many different levels were trained on; None for all, or not known.
        command: that trains the agent again; "" for a submission.
        versions: of the packages that trained it.
        curve: (environment steps, mean return of the episodes that ended before them).
        weights: the digest of what was scored; "" where that is not known.
    """

    trap: str
    agent: str
    seed: Count
    about: str
    network: str = ""
    steps: Count = 0
    alpha: Share = 0.0
    num_levels: Annotated[int, Limits(1)] | None = None
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    curve: list[list[float]] = field(default_factory=list)
    weights: str = ""
    schema: int = SCHEMA

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> Training:
        """Read what ``save`` wrote.

        Raises:
            ValueError: the file is damaged or of another schema; the message names it.
        """
        try:
            training = read(cls, parsed(path.read_bytes()))
            if training.schema != SCHEMA:
                raise ValueError(f"its schema is {training.schema}; this version reads {SCHEMA}")
            if any(len(point) != 2 for point in training.curve):
                raise ValueError("a point of its curve is no pair")
        except ValueError as error:
            raise ValueError(f"{path} says nothing of a training ({error})") from None
        return training
