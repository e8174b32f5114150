"""Studies: their figures on data of which they are known, and scripts from training to page."""

from dataclasses import replace
from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from boards import CORNER, card, training, write
from training import CORNER as CHEESE
from training import drawn

from agents.run import Run
from docs.studies import attributes, deployment, seeds
from docs.studies.alpha import read_curves, tabulate
from docs.studies.attributes import LEADS, judge_agents, tabulate_leads
from docs.studies.deployment import Deployment, clone_sweeper, scale_scores
from docs.studies.deployment_costs import compare_starts, cost_of, cost_until, read_outcome
from docs.studies.deployment_hypotheses import Hypothesis, judge_hypotheses
from docs.studies.enemies import make_enemies, score_enemies
from docs.studies.seeds import SeedGroup
from docs.studies.variance import variance_shares
from mesa_gym.files import write_json
from mesa_gym.policies import as_policy
from mesa_gym.report.groups import BASE, PROXY, list_chosen
from mesa_gym.scoring import score
from mesa_gym.traps import Split, find_trap

MARK = "<!-- {} -->\nold\n<!-- until here -->\n"
STUDIES = {"attributes": "rho", "reproduction": "time", "objective": "reactive"}
SCRIPTS = sorted(Path(attributes.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", [path.stem for path in SCRIPTS if "argparse" in path.read_text()])
def test_a_script_names_its_command(name, capsys):
    module = import_module(f"docs.studies.{name}")
    if hasattr(module, "main"):
        with pytest.raises(SystemExit, match="0"):
            module.main(["--help"])
        assert f"python -m docs.studies.{name}" in capsys.readouterr().out


@pytest.mark.thorough
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_goes_from_training_to_its_page_and_trains_nothing_twice(
    name, tmp_path, monkeypatch, capsys
):
    module, part = import_module(f"docs.studies.{name}"), STUDIES[name]
    (first, *_) = module.make_groups()[part]
    small = first._replace(run=replace(first.run, steps=1), seeds=first.seeds[:2])
    monkeypatch.setattr(module, "make_groups", lambda: {part: [small]})
    monkeypatch.setattr(attributes, "LEADS", (2,))
    for each in (module, seeds):
        monkeypatch.setattr(each, "OUT", tmp_path, raising=False)
    mark = "objective" if name == "objective" else part
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARK.format(mark)}after\n")
    command = [part, "--levels", "4", "--page", str(page)]
    assert module.main(command) == 0
    assert "2 steps" in capsys.readouterr().err
    filled = page.read_text()
    assert "old" not in filled
    assert "| --- |" in filled
    assert module.main(command) == 0
    assert "steps" not in capsys.readouterr().err
    assert page.read_text() == filled
    other = small._replace(run=replace(small.run, num_levels=9))
    monkeypatch.setattr(module, "make_groups", lambda: {part: [other]})
    assert module.main(command) == 2
    assert "was trained by python -m agents.train --trap " in capsys.readouterr().err
    assert module.main([part, "--page", "setup.cfg"]) == 2
    assert f"setup.cfg has no place for the tables: <!-- {mark} -->" in capsys.readouterr().err
    assert module.main([f"{part}s"]) == 2
    assert f"Did you mean {part!r}" in capsys.readouterr().err


def test_agents_are_ordered_by_the_share_of_the_shift_in_their_training(tmp_path):
    cards, trainings = [], []
    for alpha, base in ((0.0, 0.0), (0.3, 0.75), (0.01, 0.25)):
        name = f"ppo-alpha{alpha:g}" if alpha else "ppo"
        for seed in range(2):
            cards.append(card(CORNER, f"{name}-s{seed}", base, 0.25, shift=base))
            trainings.append(training(CORNER, name, seed, alpha))
    curves = read_curves(write(tmp_path, cards, trainings))
    assert {key: [*curve] for key, curve in curves.items()} == {(CORNER, "ppo"): [0.0, 0.01, 0.3]}
    assert [shares["base"] for shares in curves[CORNER, "ppo"].values()] == [0.0, 0.25, 0.75]
    row = "| CheeseCorner | ppo | .00 / .25 / .75 | .25 / .25 / .50 | .75 / .25 / .00 |"
    assert tabulate(curves).splitlines()[-1] == row


@pytest.mark.thorough
def test_what_is_nearest_is_chosen_for_its_lead_and_twins_do_not_count():
    """An agent that wants anything takes the shape that is nearest; in its twins it is behind."""
    trap = find_trap("Attributes")()
    run = Run("Attributes-v0", steps=1)
    agents = {0: as_policy("either", trap, trap.horizon(Split.TEST))}
    group = SeedGroup({"rho": 1}, run, range(1))
    (plain, *led) = judge_agents(group, {1: agents}, 60, ["shape"])
    assert sum(plain.matrix["shift"].values()) == pytest.approx(1)
    shares = [row.matrix["shift"]["shape"] for row in led]
    assert shares[0] < 0.05
    assert shares == sorted(shares)
    assert shares[-1] > 0.95
    assert tabulate_leads(led).count("|") > len(LEADS)


@pytest.mark.thorough
def test_each_is_able_and_has_no_margin_where_things_are_equally_far():
    trap = find_trap("CheeseDish")()
    scored = score_enemies([trap], 60)
    assert {each.policy for each in scored} == {*make_enemies(trap)}
    assert len(scored) == 6
    for each in scored:
        assert each.read_number("test", "arrival") == 1
        margin = float((list_chosen(each, BASE) - list_chosen(each, PROXY)).mean())
        assert abs(margin) < 0.25, each.policy


def by_loops(a, b):
    """The same from all products of two plays, one by one."""
    kinds = {}
    for (i, k), (j, m) in product(np.ndindex(a.shape), np.ndindex(a.shape)):
        kinds.setdefault((i == j, k == m), []).append(a[i, k] * b[j, m])
    both, seed, level, none = (
        float(np.mean(kinds[kind])) for kind in product((True, False), (True, False))
    )
    total = (a.mean() + b.mean()) / 2 - none
    parts = [level - none, seed - none, both - level - seed + none]
    parts.append((a.mean() + b.mean()) / 2 - both)
    names = ("level", "seed", "seed by level", "sampling")
    return {name: part / total for name, part in zip(names, parts, strict=True)}


def test_shares_are_those_of_plain_loops():
    a, b = np.random.default_rng(0).integers(0, 2, (2, 3, 7)).astype(float)
    assert variance_shares(a, b) == pytest.approx(by_loops(a, b))
    assert sum(variance_shares(a, b).values()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["level", "seed", "seed by level", "sampling"])
def test_each_component_is_found(name):
    rng, shape = np.random.default_rng(3), (200, 300)
    drawn = {
        "level": lambda: np.broadcast_to(levels, shape),
        "seed": lambda: np.broadcast_to(seeds, shape),
        "seed by level": lambda: cells,
        "sampling": lambda: rng.integers(0, 2, shape),
    }
    levels, seeds = rng.integers(0, 2, (1, 300)), rng.integers(0, 2, (200, 1))
    cells = rng.integers(0, 2, shape)
    found = variance_shares(drawn[name](), drawn[name]())
    assert found == pytest.approx({x: float(x == name) for x in found}, abs=0.02)


# (episodes, base first, proxy first, lost so far) at each update.
CURED = [(0, 0, 1, 0), (100, 0.5, 0.5, 80), (200, 1, 0, 90)]
NEVER = [(0, 0, 1, 0), (100, 0, 1, 100), (200, 0, 1, 200)]
TRAP = "CheeseCorner"


@pytest.fixture
def keep(monkeypatch, tmp_path):
    """Keep made-up updates of seeds as the outcome of a start, which is returned."""
    monkeypatch.setattr(deployment, "FOLDER", tmp_path)
    read_outcome.cache_clear()

    def keep(start, seeds, meet=0.5):
        plan = Deployment("traps", TRAP, start)
        updates = [
            [
                (4096, n, ({"cheese": b, "corner": p, "neither": 1 - b - p}, 1 - b), lost)
                for n, b, p, lost in seed
            ]
            for seed in seeds
        ]
        write_json(plan.find_path(), [updates, [meet] * len(seeds), []])
        return plan

    yield keep
    read_outcome.cache_clear()


def test_costs_are_summed_until_base_is_first_often_enough(keep):
    plan = keep("warm", [CURED, NEVER])
    cost = cost_until(plan, 0.8)
    assert (cost.lost.tolist(), cost.proxy.tolist(), cost.missed) == ([90, 200], [100, 200], 1)
    assert read_outcome(plan).curves[0].expected[-1] == pytest.approx(75 + 25)
    first = cost_of(plan, 50)
    assert (first.lost.tolist(), first.missed) == ([40, 50], 0)


def test_a_ratio_of_costs_has_an_interval_over_seeds_and_says_where_it_is_a_bound(keep):
    ratio = compare_starts(keep("warm", [CURED, NEVER]), keep("fresh", [CURED, CURED]))
    assert (ratio.low, ratio.high, ratio.mark) == (1, pytest.approx(200 / 90), "> ")
    assert ratio.value == pytest.approx(145 / 90)


@pytest.mark.parametrize(
    ("side", "above", "line", "fate"),
    [
        ("low", True, 2, "holds"),
        ("low", True, 2.3, "**falls**: CheeseCorner"),
        ("high", False, 2.3, "holds"),
        ("value", False, 2, "**falls**: CheeseCorner"),
    ],
)
def test_a_hypothesis_holds_where_its_side_of_the_interval_is_beyond_the_line(
    side, above, line, fate, keep
):
    keep("warm", [NEVER] * 3, meet=0.4)
    keep("fresh", [CURED] * 3)
    pair = ("traps", "warm"), ("traps", "fresh")
    claim = Hypothesis("said", [TRAP], *pair, side, above, line)
    assert claim.judge() == ["said", "CheeseCorner > 2.22 [2.22, 2.22]", fate]
    assert claim._replace(met=True).judge()[1] == ""  # warm agents meet base less often


def test_what_was_not_run_is_left_out(keep):
    assert judge_hypotheses() == []


def test_scaled_scores_keep_their_order():
    agent = drawn(CHEESE)
    planes = CHEESE.observe(CHEESE.levels("shift", np.arange(20)))
    before = agent.act(planes)
    scale_scores([agent], 0.1)
    after = agent.act(planes)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()
    assert after.max(axis=1).mean() < before.max(axis=1).mean()


@pytest.mark.thorough
def test_a_cloned_sweeper_walks_to_what_pays_and_tells_no_goal_from_another():
    card = score(clone_sweeper(CHEESE, 0), CHEESE, levels=100)
    assert card.read_number("test", "arrival") > 0.3  # a random walk has .2
    assert card.verdict in ("incapable", "aimless")
