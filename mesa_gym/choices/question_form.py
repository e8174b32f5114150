"""The form of a question about places, which is the same in every play of a trap."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import Meta, Struct

from mesa_gym.errors import shorten, unknown
from mesa_gym.traps import Trap

FEWEST_OPTIONS = 2
MOST_OPTIONS = 9
MOST_RENAMED = 50  # things in a question
Word = Annotated[str, Meta(min_length=1, max_length=40)]
# Things that exist in questions only, four of each length; a trap's own words are left out.
DECOYS = (
    *("cup", "jar", "hat", "mug"),
    *("lamp", "vase", "bowl", "sofa"),
    *("table", "clock", "chair", "shelf"),
    *("basket", "mirror", "candle", "carpet"),
    *("blanket", "curtain", "pitcher", "cushion"),
    *("notebook", "umbrella", "suitcase", "envelope"),
)
_WORD = re.compile(r"[^\W\d_](?:[\w -]*\w)?")
# Words that answers and maps use in another sense.
_TAKEN = ("nothing", "row", "column", "answer", "wall", "agent")


class QuestionForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of a question about places.

    Attributes:
        options: the number of places that each question lists.
        tell: what the list says of a place: ``where`` (its coordinates, below a map), ``things``
            (the things that are there, without a map), or ``both`` (below a map).
        names: plane, kind of unseen things, or decoy -> its name in the question; missing ones
            keep their names.
    """

    options: Annotated[int, Meta(ge=FEWEST_OPTIONS, le=MOST_OPTIONS)] = 4
    tell: Literal["where", "things", "both"] = "where"
    names: Annotated[dict[Word, Word], Meta(max_length=MOST_RENAMED)] = {}

    def write(self) -> str:
        """Return the form without its names as text, such as ``4 places: where``."""
        return f"{self.options} places: {self.tell}"

    @classmethod
    def read(cls, text: str, names: Mapping[str, str]) -> Self:
        """Return the form of a text of ``write``; ValueError for another text."""
        options, _, tell = text.partition(" places: ")
        number = int(options) if options.isdecimal() else 0
        try:
            form = msgspec.convert({"options": number, "tell": tell, "names": {**names}}, cls)
        except msgspec.ValidationError:
            form = None
        if form is None or form.write() != text:
            raise ValueError(
                f"the form of the questions is {shorten(text)} with names {shorten(names)};"
                f" expected a text such as {cls().write()!r}, and words"
            )
        return form


def key_trap(trap: Trap) -> Hashable:
    """Return a hashable key of a trap, from which ``copy_trap`` makes the trap again."""
    return type(trap), trap.size, tuple(sorted(trap.parameters.items()))


def copy_trap(key: Any) -> Trap:
    """Return the trap of a key."""
    kind, size, parameters = key
    return kind(size, **dict(parameters))


def rename_things(trap: Trap, form: QuestionForm) -> dict[str, str]:
    """Return plane, kind of unseen things, or decoy -> its name in the question, in this order.

    Raises:
        ValueError: a name is not one word, or names two planes; the trap has no such plane.
    """
    planes = [plane for plane in trap.planes if plane not in ("agent", "wall")]
    words = {x: x for x in (*planes, *list_unseen(trap), *list_decoys(trap))}
    for plane, name in form.names.items():
        if plane not in words:
            raise unknown(f"thing in a question on {trap.name()}", plane, words)
        if not _WORD.fullmatch(name) or name.lower() in _TAKEN:
            raise ValueError(
                f"names calls {plane!r} {shorten(name)}; expected a word of letters, such as"
                f" 'blicket', and none of {', '.join(_TAKEN)}"
            )
    words |= form.names
    lower = [word.lower() for word in words.values()]
    if twice := [x for x, word in words.items() if lower.count(word.lower()) > 1]:
        raise ValueError(
            f"names calls {' and '.join(map(repr, twice))} alike, {words[twice[0]]!r}; expected a"
            " name of its own for each thing"
        )
    return words


def list_unseen(trap: Trap) -> Sequence[str]:
    """Return the kinds of things that no plane shows, such as a corner of the grid."""
    with_traits = {kind for kinds in trap.traits.values() for kind in kinds}
    return [x for x in trap.things if trap.shown_as.get(x, x) is None and x not in with_traits]


def list_decoys(trap: Trap) -> Sequence[str]:
    """Return the decoys of a trap's questions: things that no trap of this name has."""
    trap_words = {*trap.planes, *trap.things, *trap.traits, *trap.objectives}
    return [decoy for decoy in DECOYS if decoy not in trap_words]
