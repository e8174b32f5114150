"""Answers of language models: which option a text chooses, if that is clear.

Each option in a text is a mark (``answer_marks``). Marks that are negated, asked about, supposed,
or meant for later are dropped. A remaining mark is an answer if it stands alone on a line, behind
``Answer:``, in JSON, or in a plain statement ("so I go left"). Where answers disagree, the text has
none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mesa_gym.policies.answer_marks import (
    ASIDE,
    MARK,
    UNSURE,
    clean_answer,
    mark_actions,
    mark_places,
)

# The rest of a clause, on one side of a mark.
CLAUSE = "[^.,;:!?\n⟦⟧]*"
SPACE = "[^\\S\n]*"

# -- marks that are not answers --------------------------------------------------------------------

_GOOD = "best|correct|optimal|final|next|only|better|good|safest|shortest|obvious|logical"
_CUE = (
    "answer|action|move|direction|decision|choice|selection|place|option|output|response|step|"
    "conclusion|pick|final|result|next|thing to do|way|way to go|best|goal"
)
_IS_BEST = (
    rf"({MARK}) (?:is|would be|seems) (?:(?:the|my|our|clearly|a|{_GOOD}) )*(?:{_CUE}|{_GOOD})\b"
)
_NOT = (
    r"\w+n't|n't|dont|cant|wont|no|not|never|cannot|neither|nor|without|avoid\w*|instead of|"
    "rather than|except|unlike|ruled? out|against|than|over|(?:any|every|all|no)[^.,;⟦⟧]*? but"
)
_IF = "if|unless|when|whenever|once|suppose|imagine|else|otherwise"
_SUPPOSED = (
    "after|before|could|might|may|can|until|whether|"
    r"consider\w*|then|later|afterwards?|tried|went|moved|was|were|had|previous\w*|already|maybe|"
    "perhaps|possibly|why|which|says|said"
)
_SUBJECT = (
    "is|was|are|would|will|won't|isn't|doesn't|cannot|can't|could|might|may|has|leads?|hits?|bumps?|"
    "runs?|looks?|seems?|goes|fails?|does|means|ends|takes (?:me|us) (?:away|into)"
)
_ALSO = "(?:then|to the|perhaps|maybe|also|go|move|the|possibly|even)"
_OUT = (
    r"(?:^|(?<=[.!?\n;]))[^.!?\n;]*\?+",
    rf"{MARK} (?!it is\b)(?:\w+ )?(?:{_SUBJECT})\b",
    rf"\b(?:{_NOT})\b{CLAUSE}{MARK}"
    rf"(?:{SPACE}(?:,|or|nor|and){SPACE}(?:(?!(?:but|so)\b)\w+ )?{MARK})*",
    rf"\b(?:{_SUPPOSED})\b{CLAUSE}{MARK}",
    rf"\b(?:{_IF})\b(?:(?!\b(?:so|therefore|thus|but)\b)[^.!?;\n⟦⟧])*{MARK}",
    rf"{MARK}{CLAUSE}\b(?:{_IF}|later|afterwards|eventually|next time|last time|before)\b",
)  # fmt: skip
_JOINED = (
    rf"{MARK}(?:{SPACE}(?:,|/|\||&|\+|>|-|\bor\b|\band\b)*{SPACE}(?:{_ALSO}\s+)*{MARK})+",
    rf"{MARK},? or\b",
    rf"\b(?:or|either) (?:\w+ ){{0,2}}{MARK}",
)


def _drop(text: str) -> str:
    """Return a text without the marks that a sentence negates, asks about or supposes."""
    text = re.sub(_IS_BEST, r"answer: \1", text)
    for pattern in _OUT:
        changed = ""
        while changed != text:
            changed, text = text, re.sub(pattern, lambda x: re.sub(MARK, ASIDE, x[0]), text)
    for pattern in _JOINED:
        text = re.sub(pattern, _join_marks, text)
    return text


def _join_marks(found: re.Match[str]) -> str:
    """Return the one mark that all found marks equal; ``UNSURE`` where they differ."""
    marks = {*re.findall(MARK, found[0])}
    return marks.pop() if len(marks) == 1 and " or" not in found[0] else UNSURE


# -- answers ---------------------------------------------------------------------------------------

_LEAD = (
    "i|we|you|the|agent|let's|let|me|us|so|will|would|sh(?:all|ould)|must|i'll|we'll|i'd|i'm|am|choose|pick|"
    "select|take|go|going|move|moving|step|head|walk|turn|to|place|option|number|action|answer|"
    "choice|direction|my|is|be|with|for|best|final|one|it|towards?"
)
_TOLD = (
    rf"(?P<before>{CLAUSE})\b(?:{_CUE})\s*"
    r"(?:[:=]+|->|-|(?:is|would be|will be|must be|should be)\b:?)"
    rf"[\s:=>\-'\[(]*(?P<value>(?:(?:{_LEAD})\W+)*{MARK}|{CLAUSE}{MARK})"
)
_OTHER = (
    r"\b(?:one|another|other|possible|alternative|worst|wrong|bad|opposite|monster|enemy|ghost|its|"
    r"their|his|last|first|second)\b"
)
_CHOOSING = (
    "(?:go|going|move|moving|head|heading|step|stepping|walk|walking|turn|turning|choose|choosing|"
    "pick|picking|take|taking|select|selecting|play|opt for|settle on|vote for|answer|continue|"
    "keep|proceed|use|do|press)"
)
_BEFORE = (
    rf"(?:(?:{_LEAD}|need|want|have|has|thus|therefore|now|ok|okay|well|just|simply|by|please|next|"
    "here|think|that|better|yes|sure|also|still|clearly|definitely|probably|continue|keep|proceed|"
    r"player|robot|decide|decided|plan|first|instead|try|only|makes|sense|and|a|it's|conclude|believe|say)\W+)*"
)
_SAID = (
    rf"(?:^|[.,;:!?\n-]|\b(?:but|so|yet|because|since))\s*{_BEFORE}{_CHOOSING}\W+(?:(?:{_LEAD}|a|further|"
    rf"straight|directly|one|cell|on|back|there|this)\W+)*({MARK})",
    rf"\b(?:agent|player|robot) (?:goes|moves|heads|steps|walks|turns)\W+(?:to the )?({MARK})",
    r"(?:^|[.;!?\n]|\b(?:but|so|yet|thus|therefore))\s*(?:(?:so|thus|therefore|ok|okay|yes|sure|"
    r"well|now|just|definitely|probably|hmm|actually|clearly|first|the)\W+)*"
    rf"({MARK})\s*(?:$|[.!;,(\n]|- |\b(?:because|since|as|so|to|towards?|for|in order|it is|then|"
    r"first|now|please)\b)",
)
_TURN = (
    r"\b(?:wait|actually|second thought|correction|scratch that|no[,:.!]|oops|sorry|i mean|"
    r"change my mind|reconsider\w*|hmm)"
)


def _read(text: str) -> int | None:
    """Return the option number that a marked text chooses; None for none or several."""
    text = _drop(text) if "⟦" in text else ""
    if "⟦" not in text:
        return None
    lines = [line for line in text.split("\n") if re.search(r"\w|⟦", line)]
    bare = [re.sub(r"^\s*(?:[-•+]|\d+[.)])\s", "", line).strip(" .,;:!'-()[]>~") for line in lines]
    alone = {line for line in bare if re.fullmatch(MARK, line)}
    told = _find_told(text)
    said = {mark for pattern in _SAID for mark in re.findall(pattern, text, re.MULTILINE)}
    found = {told[-1]} if told else alone or said
    ends = bool(bare) and ({bare[0], bare[-1]} & alone != set())
    if told and len(alone) == 1:
        found |= alone
    elif alone and not ends:  # a word of a sentence that was broken
        found |= said
    # Any option that is named at a second thought counts against what was answered before.
    found |= {*re.findall(MARK, "".join(re.split(_TURN, text, maxsplit=1)[1:]))}
    (mark, *others) = found or {UNSURE}
    return None if others or mark == UNSURE else int(mark[1:-1])


def _find_told(text: str) -> list[str]:
    """Return the marks that follow ``answer:``, ``the best move is`` and the like, in order."""
    told = []
    for found in re.finditer(_TOLD, text):
        led = re.fullmatch(rf"(?:(?:{_LEAD})\W+)*{MARK}", found["value"])
        if not re.search(_OTHER, found["before"]):
            told.append(found["value"][found["value"].index("⟦") :] if led else UNSURE)
    return told


def read_action(text: str) -> int | None:
    """Return the action in a model's answer; None where it names none, or several.

    Example:
        >>> read_action("Up is a wall. Answer: **left**, and later down.")
        0
    """
    return _read(mark_actions(clean_answer(text)))


def read_place(text: str, places: Sequence[str]) -> int | None:
    """Return the number, from 1, of the place that an answer chooses; None where it chooses no one.

    Args:
        text: the answer.
        places: as the question lists them behind their numbers, such as "row 3, column 1".
    """
    return _read(mark_places(clean_answer(text), places))
