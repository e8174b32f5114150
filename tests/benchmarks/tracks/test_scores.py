"""Scores of methods, their places and their page: by hand, and against another library."""

from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from html_page import HtmlPage
from msgspec.structs import replace
from track_records import make_method, make_record

from benchmarks.tracks import ranks, scores
from benchmarks.tracks.page import tabulate, write_markdown, write_page
from benchmarks.tracks.ranks import find_apart, rank_places
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


def test_methods_that_do_not_stand_apart_share_a_place():
    good, alike = [[0.90, 0.92, 0.94]], [[0.89, 0.91, 0.93]]
    poor, poorer = [[0.10, 0.12, 0.14]], [[0.0, 0.01, 0.02]]
    assert rank_places([good, alike, poor, poorer]) == [1, 1, 3, 4]
    assert rank_places([[[0.9]], [[0.1]]]) == [1, 1]  # one seed separates nothing
    assert rank_places([]) == []
    assert rank_places([[[1.0, 1.0]], [[1.0, 1.0]], [[0.5, 0.5]]]) == [1, 1, 3]


def test_pairs_are_apart_by_holms_correction_of_the_larger_p_of_two_tests():
    rng = np.random.default_rng(3)
    methods = [[rng.normal(mean, 0.1, 5)] for mean in (0.4, 0.3, 0.2, 0.0)]
    pooled = np.median([np.var(method, ddof=1) for method in methods])
    found = {}
    for one, other in combinations(range(4), 2):
        a, b = methods[one][0], methods[other][0]
        t = abs(a.mean() - b.mean()) / (pooled * 2 / 5) ** 0.5
        welch = scipy.stats.ttest_ind(a, b, equal_var=False).pvalue
        found[one, other] = max(welch, 2 * scipy.stats.t.sf(t, 4 * 4))
    order = sorted(found, key=found.__getitem__)
    # As Holm has it: the first that fails ends it, whatever comes after.
    kept = [found[pair] <= 0.05 / (6 - rank) for rank, pair in enumerate(order)]
    last = kept.index(False)
    apart = find_apart(methods)
    expected = set(order[:last])
    assert {(i, j) for i, j in combinations(range(4), 2) if apart[i, j]} == expected
    assert 0 < last < sum(p <= 0.05 for p in found.values())  # the correction did something
    assert (apart == apart.T).all()


def test_methods_that_happen_to_have_no_spread_do_not_stand_apart():
    """Three seeds, each of which works or does not: two methods that are the same, one lucky."""
    lucky, unlucky, others = [[0.9, 0.9, 0.9]], [[0.1, 0.1, 0.1]], [[0.9, 0.1, 0.9]]
    assert rank_places([lucky, *[others] * 10, unlucky]) == [1] * 12
    assert rank_places([lucky, unlucky]) == [1, 2]


def test_a_method_whose_seeds_differ_on_purpose_blurs_no_others_places():
    rng, tasks = np.random.default_rng(2), range(12)
    means = (0.4, 0.3, 0.2, 0.1)
    honest = [[rng.normal(mean, 0.1, 5) for _ in tasks] for mean in means]
    wild = [[0.9 * (-1.0) ** np.arange(5) for _ in tasks]] * 2
    assert rank_places(honest) == [1, 2, 3, 4]
    assert rank_places([*honest, *wild])[:4] == [1, 2, 3, 4]


@pytest.mark.thorough
@pytest.mark.parametrize("bimodal", [False, True])
def test_equal_methods_stand_apart_by_chance_in_one_of_twenty_boards_at_most(bimodal):
    """Ten tasks, five seeds, eight methods that are the same; some tasks vary more than others."""
    rng, boards = np.random.default_rng(4), 400
    apart = 0
    for _ in range(boards):
        values = rng.normal(0.2, 1, (8, 10, 5)) * np.linspace(0.02, 0.3, 10)[:, None]
        if bimodal:
            values = 0.8 * (rng.random((8, 10, 5)) < 0.3)
        apart += bool(find_apart([[*method] for method in values]).any())
    # Three standard errors of a share of .05.
    assert apart / boards < 0.05 + 3 * (0.05 * 0.95 / boards) ** 0.5


def test_what_floating_point_leaves_sets_nothing_apart():
    """Without the limit a difference of 1e-17 and no variance is significant beyond all doubt."""
    zero = [[0.0, 0.0, 0.0]]
    for least in (1e-17, -1e-17, 4e-9):
        assert rank_places([[[least] * 3], zero]) == [1, 1]
    assert rank_places([[[1 / 300**2] * 3], zero]) == [1, 2]  # what levels can make


def test_tasks_of_other_weights_are_compared_by_their_weighted_means():
    """Welch's test of two weighted sums, by hand."""
    rng, weights = np.random.default_rng(1), (0.75, 0.25)
    a, b = ([rng.normal(mean, 0.2, 5) for _ in weights] for mean in (0.6, 0.3))
    gap = sum(w * (x.mean() - y.mean()) for w, x, y in zip(weights, a, b, strict=True))
    parts = [w**2 * x.var(ddof=1) / 5 for of in (a, b) for w, x in zip(weights, of, strict=True)]
    freedom = sum(parts) ** 2 / sum(part**2 / 4 for part in parts)
    p = 2 * scipy.stats.t.sf(abs(gap) / sum(parts) ** 0.5, freedom)
    weighted = [[w * x for w, x in zip(weights, of, strict=True)] for of in (a, b)]
    # With two methods the pooled variance is the mean of theirs, with twice the freedom.
    assert find_apart(weighted, error=p * 1.0001)[0, 1]
    assert not find_apart(weighted, error=p * 0.9999)[0, 1]


def test_after_the_first_pair_that_is_not_apart_none_is(monkeypatch):
    """Of three p the first is above 0.05 / 3, and the second below 0.05 / 2."""
    monkeypatch.setattr(ranks, "_test_differences", lambda *given: np.array([0.02, 0.024, 0.03]))
    assert not find_apart([[[0.0]]] * 3).any()
