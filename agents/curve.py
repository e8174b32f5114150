"""The learning curve of one training: what its episodes earned, in order."""

from __future__ import annotations

from dataclasses import dataclass, field

POINTS = 40


@dataclass
class Curve:
    """Returns of the episodes of a training, over parts of it.

    Attributes:
        steps: of the whole training.
        sums, counts: of the returns (undiscounted, of the paid objective) of the episodes that
            ended in each part.
    """

    steps: int
    sums: list[float] = field(default_factory=lambda: [0.0] * POINTS)
    counts: list[int] = field(default_factory=lambda: [0] * POINTS)

    def add(self, step: int, earned: float) -> None:
        """An episode ended after so many environment steps of the training."""
        part = min(POINTS - 1, (step - 1) * POINTS // self.steps)
        self.sums[part] += earned
        self.counts[part] += 1

    def include(self, other: Curve) -> None:
        """Count the episodes of another curve, part by part, whatever its steps are."""
        for part in range(POINTS):
            self.sums[part] += other.sums[part]
            self.counts[part] += other.counts[part]

    def points(self) -> list[tuple[int, float]]:
        """(Steps at a part's end, mean return), of the parts in which an episode ended."""
        return [
            (self.steps * (part + 1) // POINTS, total / count)
            for part, (total, count) in enumerate(zip(self.sums, self.counts, strict=True))
            if count
        ]
