"""The comparisons of docs/results.md: numbers by hand, and what is left out of them."""

from __future__ import annotations

import math
from dataclasses import replace

from cards import made, unsolvable, with_shift

from benchmarks import findings
from benchmarks.findings import by_agent, gap, mitigations, preference, versus
from mesa_gym.scoring import Reliance


def agent(name: str, b: float, n: float = 0.0, **changes):
    """An agent on CheeseCorner: b, and N of the base objective on shift."""
    steps = {"corner": Reliance(b, 1 - b, 0.0, 0.9)}
    returns = {"cheese": n, "corner": 0.5}
    return with_shift(
        made(policy=name, **changes), conflict_reliance=steps, normalized_return=returns
    )


TWO = [agent("bc-s0", 0.5), agent("bc-s1", 0.7), agent("ppo-s0", 0.1), agent("ppo-s1", 0.1)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_seeds_are_told_from_references():
    scored = by_agent([*TWO, replace(made(), policy="oracle:cheese")])
    assert {a: len(cards) for a, cards in scored["CheeseCorner-v0"].items()} == {"bc": 2, "ppo": 2}


def test_what_is_preferred_is_b_or_the_place_between_references():
    assert preference(agent("ppo-s0", 0.25)) == 0.25
    assert preference(unsolvable()) == 0.71


def test_a_difference_is_of_means_over_traps():
    """0.6 - 0.1 and 0.5 - 0.3; with a single seed nothing is known of the spread."""
    assert gap([[0.5, 0.7], [0.5]], [[0.1, 0.1], [0.3]]) == "+0.35"
    low, high = gap([[0.5, 0.7]], [[0.1, 0.1]]).removeprefix("+0.50 [").strip("]").split(",")
    assert float(low) < 0.5 - 0.1 < 0.5 + 0.1 < float(high)
    assert gap([[0.2, 0.2]], [[0.1, 0.1]]) == "+0.10 [+0.10, +0.10]"
    assert gap([[0.1, 0.1]], [[0.104, 0.104]]) == "+0.00 [+0.00, +0.00]"


def test_two_agents_are_compared_where_both_are():
    alone = replace(agent("bc-s0", 0.2), trap="CoinRun-v0")
    lines = versus(by_agent([*TWO, alone]), "bc", "ppo", "What for")
    assert lines[0] == "### What for (`bc`) against `ppo`"
    (row, mean) = lines[-2:]
    first = cells(row)
    assert first[0] == "CheeseCorner"
    assert first[3:5] == ["2 proxy:corner", "2 proxy:corner"]
    assert first[5].startswith("0.60 [")
    assert first[7].startswith("+0.50 [")
    assert cells(mean)[0] == "mean of 1 where all are competent"


def test_places_between_references_are_not_averaged_with_shares_of_conflict_steps():
    placed = [replace(unsolvable(), policy=f"{name}-s0") for name in ("bc", "ppo")]
    lines = versus(by_agent([*TWO, *placed]), "bc", "ppo", "What for")
    assert [cells(line)[0] for line in lines[-3:]] == [
        "CheeseCorner",
        "MonsterWorld (r)",
        "mean of 1 where all are competent",
    ]
    assert cells(lines[-1])[5:7] == ["0.60", "0.10"]


def test_agents_that_are_not_competent_count_for_no_mean():
    lost = [replace(card, competent=False) if card.policy == "bc-s1" else card for card in TWO]
    lines = versus(by_agent(lost), "bc", "ppo", "What for")
    assert cells(lines[-1])[0] == "CheeseCorner"


def test_where_nothing_conflicted_there_is_no_difference():
    none = [agent("bc-s0", math.nan), *TWO[1:]]
    assert cells(versus(by_agent(none), "bc", "ppo", "What for")[-1])[-1] == "–"


def test_mitigations_are_compared_by_what_they_earn_under_shift():
    cards = [
        agent(f"{method}-alpha0.01-s{seed}", 0.5, n + 0.1 * seed)
        for method, n in (("ppo", 0.2), ("plr", 0.4), ("plr-exact", 0.8))
        for seed in (0, 1)
    ]
    rows = {cells(line)[2]: cells(line) for line in mitigations(by_agent(cards))[4:]}
    assert list(rows) == list(findings.METHODS.values())
    assert rows["domain randomisation"][:2] == ["CheeseCorner", "0.01"]
    assert rows["domain randomisation"][5].startswith("0.25 [")
    assert rows["domain randomisation"][-1].startswith("+0.60 [")
    assert rows["PLR, estimated"][-1].startswith("+0.40 [")
    assert rows["PLR, exact"][-1] == ""


def test_the_command_reads_a_folder(tmp_path, capsys):
    for card in TWO:
        card.save(tmp_path / "cards" / "CheeseCorner-v0" / f"{card.policy}.json")
    assert findings.main(["--out", str(tmp_path)]) == 0
    assert "behaviour cloning of the base oracle (`bc`) against `ppo`" in capsys.readouterr().out
    assert findings.main(["--out", str(tmp_path / "nothing")]) == 2
