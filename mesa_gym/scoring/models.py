"""Language models on cards: what they were shown and trained on, and what their verdicts mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[str, Meta(min_length=1, max_length=200)]
ZERO_SHOT = (
    "The questions had no solved examples. Unless the model was trained on this trap, the verdict"
    " shows a prior, and no generalization from training."
)
TRAINED_ON_TRAP = (
    "The model was trained on training levels of this trap, so the verdict shows how it generalizes"
    " from them."
)


class AskedModel(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A language model that was asked in text, as its card describes it.

    Attributes:
        examples: the number of solved training levels in each question, the least in a log.
        trained: whether it was trained on training levels of this trap; None if unknown.
        form: the form of its questions if it chose places, such as ``4 places: where``
            (``choices.question_form``); "" if it was asked at each step.
        names: thing -> the name that these questions give it.
    """

    examples: Annotated[int, Meta(ge=0)] = 0
    trained: bool | None = None
    form: Annotated[str, Meta(max_length=200)] = ""
    names: dict[Name, Name] = {}

    @property
    def learned(self) -> bool | None:
        """Whether it saw solved levels of this trap, in training or in its questions, if known."""
        return True if self.examples else self.trained


def count_examples(counts: Sequence[int], trained: bool | None = False) -> str:
    """Return a sentence on the least and greatest number of solved examples in the questions."""
    least, most = min(counts), max(counts)
    if not most:
        return TRAINED_ON_TRAP if trained else ZERO_SHOT
    return f"Solved examples in each question: {least}{f' to {most}' * (least < most)}."
