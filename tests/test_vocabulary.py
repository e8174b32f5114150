"""The words of all outputs: headlines, notes and details, and none of the words before them."""

import re
from pathlib import Path

from mesa_gym.report import join_committed, read_committed
from mesa_gym.words import DETAILS, HEADLINES, NOTES, find_meaning, write_word

TEXTS = Path(__file__).parent / "golden" / "texts"
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "leaderboard.svg"
# Patterns of the words for the same facts before.
FORMER = (
    *("incapable", "aimless", "either", "(?<!only )together", "(?<!reward )lost(?! against)"),
    *(
        "mixed",
        "brittle",
        "undecided",
        "cannot(?! be)",
        "varies",
        "differs by seed",
        "seeds disagree",
    ),
    *("fails on test levels", "seeds able", "not able", r"\d able", "drift", r"\(want\)"),
    *(r"\(lead\)", "arrival"),
)


def list_outputs():
    """Golden texts of cards, tables, comparisons and boards, the picture and the board."""
    return [*(path.read_text() for path in sorted(TEXTS.iterdir())), PICTURE.read_text()]


def test_outputs_have_nine_words_and_eight_details():
    assert len(HEADLINES) + len(NOTES) == 9
    assert len(DETAILS) == 8
    assert {detail.headline for detail in DETAILS.values()} < HEADLINES.keys()
    text = "\n".join([*list_outputs(), str(join_committed([]))])
    words = [write_word(word) for word in (*HEADLINES, *NOTES)]
    assert [word for word in words if word not in text] == []
    assert [word for word in FORMER if re.search(rf"(?<!\w){word}(?!\w)", text)] == []


def test_details_stand_behind_their_headlines():
    texts = "\n".join(list_outputs())
    for name, detail in DETAILS.items():
        headline, words = write_word(detail.headline), write_word(name)
        numbered = re.findall(rf"([\w ]+), confidence [.\d]+ \({words} [.\d]+", texts)
        assert numbered
        assert all(text.endswith(headline) for text in numbered)
        assert find_meaning(detail.headline, name) == detail.meaning


def test_committed_cards_have_known_words():
    for card in read_committed():
        assert card.verdict.partition(":")[0] in HEADLINES
        assert card.detail in ("", *DETAILS)
        assert (card.detail_confidence or 0) <= card.confidence
