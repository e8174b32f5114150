"""Values and places: by hand, and against another library."""

from itertools import combinations

import numpy as np
import pytest
import scipy.stats

from benchmarks.tracks.ranks import find_apart, rank_places


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
