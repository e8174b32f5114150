"""Scores of methods and their page, against numbers by hand."""

import numpy as np
import pytest
from html_page import HtmlPage
from msgspec.structs import replace
from track_records import make_method, make_record

from benchmarks.tracks import scores
from benchmarks.tracks.comparing import compare_methods
from benchmarks.tracks.page import tabulate, write_markdown, write_page
from benchmarks.tracks.record import MethodFacts
from benchmarks.tracks.record_files import MethodRecords
from benchmarks.tracks.scores import ALL, ALL_RUNGS, UNTRAINED, score_methods
from benchmarks.tracks.tasks import FAMILIES, RANKING, RUNGS

# Of S = 1 with one label and more.
FULL = 1 - 0.5 / np.log2(17)
LOWER = make_method(UNTRAINED, 0.1, trained=False)


def test_families_weigh_the_same_and_tasks_in_them():
    task = "CheeseCorner"
    records = [make_record(x, seed, float(x == task)) for x in RANKING for seed in range(5)]
    (found,) = score_methods([MethodRecords(MethodFacts(name="m", policies="any"), records)])
    own = [name for name, entry in RANKING.items() if entry.family == RANKING[task].family]
    assert found.groups[RANKING[task].family].area == pytest.approx(FULL / len(own))
    assert found.groups[ALL].area == pytest.approx(FULL / len(own) / len(FAMILIES))
    assert found.groups[ALL].curve[16] == pytest.approx(1 / len(own) / len(FAMILIES))
    assert found.groups[ALL].coverage == pytest.approx(0.8)


def test_methods_that_are_not_told_apart_share_a_rank_and_the_untrained_has_none():
    methods = [
        make_method("near", 0.48, 0.05),
        make_method("good", 0.5, 0.05),
        make_method("bad", 0.0, 0.05),
        LOWER,
    ]
    found = {each.facts.name: each for each in score_methods(methods)}
    assert [*found] == ["good", "near", "bad", UNTRAINED]
    assert [each.rank for each in found.values()] == [1, 1, 3, None]
    low, high = found["good"].groups[ALL].interval
    assert low < found["good"].groups[ALL].area < high


def test_cells_are_told_apart_from_what_reads_labels_alone():
    methods = [make_method("good", 0.5), make_method("same", 0.1), make_method("less", 0.0), LOWER]
    found = {each.facts.name: each.groups[ALL].told_apart for each in score_methods(methods)}
    assert found == {"good": 36, "same": 0, "less": 0, UNTRAINED: 0}
    noisy = make_method("noisy", 0.1, 0.1)  # .1 to .5 over seeds: not beyond .05 / 36
    assert score_methods([noisy, LOWER])[0].groups[ALL].told_apart == 0


def test_a_partial_entry_has_no_rank_and_says_what_it_lacks(monkeypatch):
    whole = make_method("m", 0.5)
    part = replace(whole, records=[r for r in whole.records if r.task != "CoinRun"])
    (found,) = score_methods([part])
    assert (found.rank, found.missing) == (None, ["CoinRun"])
    assert "lacks seeds of 1 of 12 tasks" in write_markdown([found], ALL)
    monkeypatch.setattr(scores, "LEVELS", 301)  # of records on fewer levels none counts
    (found,) = score_methods([whole])
    assert (found.rank, found.missing) == (None, [*RANKING])


def test_rungs_stand_apart_and_no_figure_of_the_ranking_reads_them():
    eased = make_method("m", 0.9, tasks=RUNGS)
    lower = replace(make_method(UNTRAINED, 0.2, tasks=RUNGS), facts=LOWER.facts)
    alone, _ = score_methods([ranked := make_method("m", 0.5), LOWER])
    with_rungs, null = score_methods(
        [
            replace(x, records=x.records + more.records)
            for x, more in ((ranked, eased), (LOWER, lower))
        ]
    )
    assert with_rungs.hours == alone.hours
    for group in (ALL, *FAMILIES):
        assert with_rungs.groups[group] == alone.groups[group]
    assert with_rungs.groups[ALL_RUNGS].area == pytest.approx(0.9 * FULL)
    assert (with_rungs.groups[ALL_RUNGS].told_apart, with_rungs.rank) == (18, 1)
    (only,) = score_methods([eased])
    assert only.rank is None
    assert tabulate([only], ALL)[1] == []
    assert tabulate([only, null], ALL_RUNGS)[1][0][:2] == ["m", "0.79 (0.80)"]


def test_one_seed_has_no_interval():
    lone = MethodRecords(MethodFacts(name="m", policies="any"), [make_record("CoinRun", 0, 1.0)])
    (found,) = score_methods([lone])
    assert found.groups[ALL].area == pytest.approx(FULL)
    assert found.groups[ALL].interval is None


def test_the_page_says_what_the_table_says_and_fetches_nothing(tmp_path):
    evil = make_method("mine", 0.2, about="<script>alert(1)</script>")
    shown = score_methods([evil, make_method("good", 0.5), LOWER])
    path = write_page(shown, tmp_path)
    page = HtmlPage(path.read_text())
    heads, rows = tabulate(shown, ALL)
    assert all(cell in page.words for row in (heads, *rows) for cell in row if cell)
    assert not page.all("script")
    assert "<svg" in path.read_text()
    write_page(shown, tmp_path)  # again
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileExistsError, match="is not of a leaderboard"):
        write_page(shown, tmp_path)


@pytest.mark.parametrize(
    ("claimed", "found", "agree"),
    [
        ([0.9], [0.9], True),
        ([0.9], [0.7], True),  # the error of one training is 0.09
        ([1.0], [0.5], False),
        ([0.9] * 3, [0.8] * 3, True),
        ([0.9] * 3, [0.5] * 3, False),
        ([0.6] * 3, [0.9, 0.1, 0.9], True),  # seeds that differ so much say little
        ([1.0, 0.0, 0.0], [0.0, 0.0, 0.0], False),  # and excuse no claim
    ],
)
def test_values_agree_within_three_standard_errors(claimed, found, agree):
    facts = MethodFacts(name="m", policies="any")
    claim, own = (
        MethodRecords(facts, [make_record("CoinRun", seed, s) for seed, s in enumerate(values)])
        for values in (claimed, found)
    )
    lines = compare_methods(claim, own)
    assert (not lines) == agree
    assert all(line.startswith("CoinRun, S: claimed") for line in lines)


def test_what_a_claim_says_of_its_method_is_what_its_code_says():
    claim, own = make_method("m", 0.5, priors="none at all"), make_method("m", 0.5)
    assert compare_methods(claim, own) == ["priors is 'none at all', and 'none' of the code"]
