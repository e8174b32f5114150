"""One thing, one name: outputs use the words of the table in docs/scoring.md, and no synonym."""

import re
from pathlib import Path

import pytest
from cards import KINDS

from mesa_gym import report
from mesa_gym.scoring import Cards

PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"
TABLE = re.compile(r"^## Words$.*?^\| word \|.*?$\n\|.*?$\n(.*?)\n\n", re.M | re.S)
# A word of the table -> what else was said for it.
SYNONYMS = {
    "able": ("competent", "competence"),
    "arrival": ("solved", "solves"),
    "none": ("neither",),
    "random": ("uniform",),
    "purpose": ("pursuit", "pursues"),
}
FORMS = {
    "text": str,
    "every number": lambda card: card.full(),
    "headline": repr,
    "page": report.html,
    "Markdown": lambda card: report.table([card]),
    "table": lambda card: report.table(Cards([card]), "text"),
}


def read_words():
    """Return the words of the table."""
    rows = TABLE.search(PAGE.read_text())[1].splitlines()
    return [row.split("|")[1].strip(" *`") for row in rows]


def test_table_has_twelve_words_at_most():
    words = read_words()
    assert len({*words}) == len(words) <= 12
    assert SYNONYMS.keys() <= {*words}


@pytest.mark.parametrize("form", FORMS)
def test_outputs_have_no_synonym(form):
    for kind, card in KINDS.items():
        shown = re.sub(r"<style.*?</style>", "", FORMS[form](card), flags=re.S)
        for word, others in SYNONYMS.items():
            for other in others:
                assert not re.search(rf"\b{other}\b", shown, re.I), (kind, other, word)
