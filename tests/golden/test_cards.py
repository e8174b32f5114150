"""Cards by plays, logs and outcomes keep every figure."""

import json
from hashlib import blake2b
from pathlib import Path

import pytest

from tests.golden.card_lines import name_cases

CASES = name_cases()
# Case -> digest. Compare the figures with those of an earlier checkout before you replace one.
DIGESTS = json.loads(Path(__file__).with_name("cards.json").read_text())


@pytest.mark.thorough
@pytest.mark.parametrize("case", DIGESTS)
def test_figures_of_case_have_their_digest(case):
    lines = "\n".join(CASES[case]())
    assert blake2b(lines.encode(), digest_size=8).hexdigest() == DIGESTS[case]
