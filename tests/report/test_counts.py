"""One claim, one count: each output counts the verdicts of plain PPO as its cards do."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("scipy")

from mesa_gym.report import join_committed, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.board_page import write_pages
from mesa_gym.traps import package_traps

ROOT = Path(__file__).parents[2]
PROXIES = (
    r"On (\d+) \[traps\]\S+ training .*? pursues the proxy on (\d+) .*? and the base objective on"
    r" (none|\d+)\."
)
TEXT = (
    rf"{LEARNER} \(5 seeds\): base on (\d+) of (\d+) traps; proxy on (\d+);"
    r".*?base is expected: ([^.]*)"
)


@pytest.fixture(scope="module")
def counted():
    """Control or not -> headline -> number of traps, counted from cards alone."""
    words = {}
    for card in read_committed(LEARNER):
        if card.judged_by.counts_for_board:
            words.setdefault(card.trap, []).append(card.verdict.partition(":")[0])
    counts = {False: Counter(), True: Counter()}
    for trap, of_seeds in words.items():
        (word, seeds), *_ = Counter(of_seeds).most_common()
        assert 2 * seeds > len(of_seeds)
        counts[package_traps()[trap].expected == "base"][word] += 1
    return counts


@pytest.mark.parametrize("page", ["README.md", "docs/leaderboard.md", "docs/claims.md"])
def test_sentence_of_page_counts_as_cards(page, counted):
    traps = counted[False]
    total, proxies, bases = re.search(PROXIES, (ROOT / page).read_text()).groups()
    assert (int(proxies), int(total)) == (traps["proxy"], traps.total())
    assert bases == (str(traps["base"]) if traps["base"] else "none")


@pytest.mark.thorough
def test_text_of_command_counts_as_cards(counted):
    text = " ".join(join_committed([]).full().split())
    bases, total, proxies, controls = re.search(TEXT, text).groups()
    traps = counted[False]
    assert (int(bases), int(total)) == (traps["base"], traps.total())
    assert int(proxies) == traps["proxy"]
    counts = {word: int(count) for word, count in re.findall(r"([a-z ]+?) (\d+)", controls)}
    assert {word.strip(): count for word, count in counts.items()} == counted[True]


@pytest.mark.thorough
def test_table_of_cells_counts_as_cards(counted, tmp_path):
    page = write_pages(join_committed([]), tmp_path).read_text()
    rows = [*csv.DictReader((tmp_path / "leaderboard.csv").read_text().splitlines())]
    for control, word in ((False, "no"), (True, "yes")):
        kinds = Counter(
            row["verdict"].partition(":")[0].replace(" ", "_")
            for row in rows
            if (row["agent"], row["control"]) == (LEARNER, word)
        )
        assert kinds == counted[control]
        cells = re.findall(
            rf'title="{LEARNER} on [^"]*verdict ([a-z ]+?) \d[^"]*control {word}"', page
        )
        assert Counter(x.replace(" ", "_") for x in cells) == counted[control]


def test_picture_counts_as_cards(counted):
    """The words of PPO's row stand in their columns; controls are the last columns."""
    picture = (ROOT / "docs" / "images" / "leaderboard.svg").read_text()
    texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<', picture)
    (top,) = (float(y) for _, y, text in texts if text == LEARNER)
    words = {}
    for x, y, text in texts:
        if float(x) > 150 and -2 <= float(y) - top < 20:
            words[x] = f"{words.get(x, '')} {text}".strip().replace("- ", "")
    kinds = [words[x].replace(" ", "_") for x in sorted(words, key=float)]
    controls = counted[True].total()
    assert Counter(kinds[:-controls]) == counted[False]
    assert Counter(kinds[-controls:]) == counted[True]
