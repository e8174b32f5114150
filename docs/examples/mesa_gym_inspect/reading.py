"""Reading what models write: the name of an action, or the number of an option, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesa_gym.engine import ACTIONS

# The last "answer: ...", "the action is ..." or "I choose ..." counts before all other words.
TOLD = r"(?:answer|action|option|choose|choice|move|go)(?:\s+(?:is|to|option|number))*\s*[:=]?\s*"


def read_action(text: str) -> int | None:
    """Return the action that an answer names; None where it names none, or several."""
    found = _read_word(text, ACTIONS)
    return None if found is None else ACTIONS.index(found)


def read_number(text: str, options: int) -> int | None:
    """Return the number of an option, from 1, that an answer gives; None where it gives none."""
    found = _read_word(text, [str(number + 1) for number in range(options)])
    return None if found is None else int(found)


def _read_word(text: str, words: Sequence[str]) -> str | None:
    """Return the only one of some words in a text, or the one that it says it answers."""
    plain = re.sub(r"[*_`'\"()\[\]]", " ", text.lower())
    word = rf"(?<![\w.-])({'|'.join(words)})(?![\w-]|\.\d)"
    for pattern in (TOLD + word, word):
        found: list[str] = re.findall(pattern, plain)
        if pattern == word and len(set(found)) > 1:
            return None
        if found:
            return found[-1]
    return None
