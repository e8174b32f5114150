"""Sweeps: axes and cells, the table and picture of cards, runs that go on; the board of cures."""

import csv
import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from msgspec import structs

from agents.jobs import runner
from agents.jobs.agents import CARD, WAITING_AGENTS, list_agent_jobs, name_result
from agents.jobs.job import DONE_FILE, do_job, find_missing
from agents.run import Run
from agents.sweeps import Sweep, SweepCell, SweepRow, list_cells, plot_sweep, sweep
from agents.sweeps.__main__ import main, write_results
from agents.sweeps.axes import read_axes
from agents.sweeps.board import find_control, read_board, write_board, write_cell
from agents.sweeps.table import _read_row, is_axis, merge_runs
from mesa_gym.files import write_json
from mesa_gym.report import read_committed
from mesa_gym.report.groups import group_cards
from mesa_gym.report.statements import RANGE
from mesa_gym.scoring import Cards
from tests.support.cards import DISH, HALF, KINDS, made, sign
from tests.support.refusals import refusals


@pytest.fixture(scope="module")
def example():
    """PPO's committed agents, who are able on CheeseDish, and SB3's, who fail on PointedGoal."""
    rows = []
    for group in group_cards(read_committed("ppo", "sb3-ppo")):
        if group.trap in ("CheeseDish-v0", "PointedGoal-v0"):
            cell = SweepCell(group.trap, group.agent, (("alpha", 0),))
            rows.append(SweepRow(cell, group, 7.5))
    return Sweep(tuple(rows))


def test_axes_are_read_as_values():
    axes = read_axes(["alpha=0,.01", "num-levels=30,300", "goal=red"])
    assert axes == {"alpha": [0, 0.01], "num_levels": [30, 300], "goal": ["red"]}


test_wrong_axes_and_cells_are_refused = refusals("agents", "sweeps", globals())


def test_cells_are_all_combinations():
    axes = {"alpha": [0, 0.1], "units": [8, 16], "num_levels": [30]}
    cells = list_cells(["CheeseDish", "CoinRun"], axes, ["ppo", "ppo-local"])
    assert len({(cell.trap, cell.algo, cell.folder) for cell in cells}) == len(cells) == 16
    runs = cells[-1].list_runs(range(2))
    assert [run.seed for run in runs] == [0, 1]
    settings = {(run.alpha, run.num_levels, run.settings.units, run.algo) for run in runs}
    assert settings == {(0.1, 30, 16, "ppo-local")}


def test_cells_of_one_program_share_jobs():
    """Five agents a job, of cells whose axes are numbers of the program; a width is not."""
    axes = {"alpha": [0, 0.1], "learning_rate": [1e-3, 1e-2], "units": [8, 16]}
    cells = list_cells(["CheeseDish"], axes)
    folders = {run: cell.folder for cell in cells for run in cell.list_runs(range(2))}
    jobs = list_agent_jobs(folders, 20, folders)
    assert sorted(len(job.results) for job in jobs) == [3, 3, 5, 5]
    for job in jobs:
        assert len({result.partition("units=")[2][:2] for result in job.results}) == 1
    results = sorted(result for job in jobs for result in job.results)
    assert results == sorted(f"{at}/CheeseDish-v0/{run.name}" for run, at in folders.items())


def test_axes_in_any_order_share_folders():
    axes = {"alpha": [0, 0.1], "steps": [4096]}
    turned = dict(reversed(axes.items()))
    cells = [list_cells(["CheeseDish"], x) for x in (axes, turned)]
    assert [x.folder for x in cells[0]] == [x.folder for x in cells[1]]
    assert cells[0][1].folder == "alpha=0.1,steps=4096"


@pytest.mark.parametrize(
    ("axes", "trainings"),
    [
        ({"steps": [0, 600_000, 4096]}, 2),
        ({"steps": [600_000, 599_999]}, 1),  # whole rollouts are played
        ({"reward": ["base", "cheese", "dish"]}, 2),
        ({"alpha": [0, 0.1]}, 2),
    ],
)
def test_equal_trainings_are_done_once(axes, trainings, capsys):
    cells = list_cells(["CheeseDish"], axes)
    runs, results = merge_runs(cells, range(2))
    assert len(runs) == 2 * trainings
    assert [*results] == cells
    expected = {name_result(run, folder) for run, folder in runs.items()}
    assert {name for names in results.values() for name in names} == expected
    notes = capsys.readouterr().err.count("is the same training of CheeseDish-v0 as")
    assert notes == len(cells) - trainings


@pytest.mark.parametrize("name", ["cells.csv", "sweep.svg", "index.html"])
def test_sweep_keeps_files_of_others(name, tmp_path, capsys):
    (tmp_path / name).write_text("mine")
    assert main(["CheeseDish", "--out", str(tmp_path)]) == 2
    assert f"{name} would be replaced, and this command did not write it" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_sweep_refuses_missing_algorithm_before_work(tmp_path, capsys):
    assert main(["CheeseDish", "--algo", "lone.py:f", "--out", str(tmp_path / "out")]) == 2
    assert "there is no file 'lone.py'" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_failed_job_ends_sweep_with_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(runner, "run", lambda *_: {"a": "KeyError: 'b'"})
    assert main(["CheeseDish", "--out", str(tmp_path)]) == 1
    message = "mesa-gym sweep: 1 of 1 jobs failed, the first is a: KeyError: 'b'; the same command"
    assert message in capsys.readouterr().err


def test_limits_are_for_slurm(tmp_path, capsys):
    assert main(["CheeseDish", "--minutes", "9", "--out", str(tmp_path)]) == 2
    assert "limit jobs of Slurm; give --on slurm" in capsys.readouterr().err


def test_longest_jobs_come_first():
    cells = list_cells(["CheeseDish"], {"steps": [4096, 10**6], "units": [8, 16]})
    folders = {run: cell.folder for cell in cells for run in cell.list_runs([0])}
    names = [job.name for job in list_agent_jobs(folders, 20, folders)]
    assert ["steps=1000000" in name for name in names] == [True, True, False, False]


def test_row_has_mean_seconds_of_seeds(tmp_path):
    (cell,) = list_cells(["CheeseDish"], {})
    folders = [tmp_path / "ppo-s0", tmp_path / "ppo-s1"]
    for folder, seconds in zip(folders, (1.0, 4.0), strict=True):
        folder.mkdir()
        made(HALF, HALF, policy=folder.name, **DISH).save(folder / CARD)
        write_json(folder / DONE_FILE, {"terms": {}, "files": {}, "seconds": seconds})
    assert _read_row(cell, folders).seconds == 2.5


@pytest.mark.thorough
def test_results_read_again_are_written_equal(example, tmp_path):
    """The cards of each cell, and the sweep's table of cells."""
    rows = []
    for row in example.rows:
        folders = [tmp_path / card.trap / card.policy for card in row.group.cards]
        for folder, card in zip(folders, row.group.cards, strict=True):
            folder.mkdir(parents=True)
            card.save(folder / CARD)
            Cards.load(folder / CARD)[0].save(tmp_path / CARD)
            assert (tmp_path / CARD).read_bytes() == (folder / CARD).read_bytes()
            write_json(folder / DONE_FILE, {"terms": {}, "files": {}, "seconds": row.seconds})
        rows.append(_read_row(row.cell, folders))
    assert Sweep(tuple(rows)).write_csv() == example.write_csv()


@pytest.mark.thorough
def test_failing_cell_shows_no_shares(example):
    heads, rows = example.list_texts()
    texts = {(row[0], row[1]): dict(zip(heads, row, strict=True)) for row in rows}
    fails = texts["PointedGoal", "sb3-ppo"]
    assert fails["competent"].startswith(("0", "1", "2"))
    assert (fails["base"], fails["proxy"]) == ("–", "–")
    assert fails["verdict"] == "fails task 2, both 1"
    competent = texts["CheeseDish", "ppo"]
    assert (competent["competent"], competent["verdict"]) == ("5 of 5", "both 5")
    assert " to " in competent["base"]
    assert " to " in competent["proxy"]
    scripts = example.notes[0]
    assert scripts.count("sweeper on CheeseDish 0.") == scripts.count("blind on PointedGoal") == 1


@pytest.mark.parametrize(
    ("competent", "seeds", "expected"), [(1, 2, False), (2, 3, True), (1, 3, False)]
)
def test_cell_is_competent_by_most_seeds(competent, seeds, expected):
    """Half of the seeds are not most of them."""
    group = SimpleNamespace(competent=competent, cards=[None] * seeds)
    assert SweepRow(SweepCell("CheeseDish-v0", "ppo", ()), group, 0.0).competent == expected


def test_returns_give_no_range_of_shares():
    """Such a trap has places between references, and no shares."""
    cards = []
    for seed in range(5):
        card = structs.replace(KINDS["unsolvable"], policy=f"ppo-s{seed}")
        shift = card.splits["shift"] | {"between": {"shields": 0.6 + seed / 20}}
        splits = card.splits | {"shift": shift}
        cards.append(sign(structs.replace(card, splits=splits), card.policy))
    (group,) = group_cards(cards)
    row = SweepRow(SweepCell(group.trap, "ppo", ()), group, 0.0)
    assert (row.write_share("base"), row.measured["base low"]) == ("–", "")
    assert not any(RANGE in note for note in Sweep((row,)).notes)


def test_sweep_notes_are_those_of_tables(tmp_path):
    groups = group_cards(card for card in read_committed("ppo") if card.trap == "FollowMe-v0")
    swept = Sweep(tuple(SweepRow(SweepCell(of.trap, "ppo", ()), of, 1) for of in groups))
    page = write_results(swept, tmp_path, "again")[-1].read_text()
    copies = "which may be copies: seeds 1 to 4 of ppo on FollowMe."
    for text in (str(swept), page):
        for note in (copies, "sweeps on up to 40% of the levels", f"over seeds, {RANGE}."):
            assert note in " ".join(text.split())


@pytest.mark.thorough
def test_axis_of_one_value_is_not_drawn(example):
    assert (example.axes, example.fixed) == (["algo"], {"alpha": 0})
    alone = Sweep(tuple(row for row in example.rows if row.cell.algo == "ppo"))
    assert alone.axes == []
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="no axis to draw"):
        plot_sweep(alone)


def test_csv_has_shares_of_the_cards(example):
    rows = [*csv.DictReader(io.StringIO(example.write_csv()))]
    assert [x for x in rows[0] if is_axis(x)] == ["alpha"]
    for row, line in zip(example.rows, rows, strict=True):
        shares = [card.splits["shift"]["choice"][card.base] for card in row.group.cards]
        assert float(line["base"]) == pytest.approx(sum(shares) / len(shares), abs=1e-4)
        arrivals = [card.splits["test"]["success_rate"] for card in row.group.cards]
        assert float(line["test"]) == pytest.approx(sum(arrivals) / len(arrivals), abs=1e-4)
        assert line["seconds"] == "7.5"
        if len(row.group.cards) >= 5:
            assert float(line["base low"]) < float(line["base"]) < float(line["base high"])
        else:
            assert line["base low"] == ""


def test_picture_is_grey_where_agents_fail(example, tmp_path):
    pytest.importorskip("matplotlib")
    plot_sweep(example).savefig(tmp_path / "map.svg")
    drawn = (tmp_path / "map.svg").read_text()
    failing = [row for row in example.rows if not row.competent]
    assert failing
    assert drawn.count("fill: #88919b") >= len(failing)


def list_panels(table):
    """Return the visible panels of a picture: title -> the numbers that are drawn in it."""
    panels = {}
    for axes in plot_sweep(table).axes:
        if axes.get_visible():
            lines = [y for line in axes.lines for y in np.ravel(line.get_ydata()).tolist()]
            panels[axes.get_title()] = lines, [text.get_text() for text in axes.texts]
    return panels


def test_panels_of_curves_draw_each_cell(example):
    pytest.importorskip("matplotlib")
    panels = list_panels(example)
    assert [*panels] == ["CheeseDish", "PointedGoal"]
    for row in example.rows:
        lines, _ = panels[row.cell.trap.removesuffix("-v0")]
        for role in ("base", "proxy"):
            assert row.group.choice[role] in lines
            assert row.measured[f"sweeper {role}"] in lines


def test_panels_of_heat_maps_draw_each_cell(example):
    pytest.importorskip("matplotlib")
    rows = [
        SweepRow(replace(row.cell, values=(("alpha", alpha), ("units", 8 * k))), row.group, 1.0)
        for row in example.rows
        for k, alpha in enumerate((0.0, 0.5, 1.0))
    ]
    panels = list_panels(Sweep(tuple(rows)))
    assert len(panels) == 6  # two traps, and three values of the third axis
    shares = [row.group.choice for row in example.rows if row.competent]
    words = {f"{x['base']:.2f} / {x['proxy']:.2f}" for x in shares}
    assert words <= {text for _, texts in panels.values() for text in texts}


@pytest.mark.thorough
def test_ended_job_trains_the_rest_alone(tmp_path, monkeypatch):
    """A job that is ended after its first agent keeps it, and trains the second alone."""
    run = Run("CheeseCorner", steps=2048)
    runs = [run, replace(run, alpha=0.1)]
    (full,) = list_agent_jobs(runs, 10)
    do_job(full, tmp_path / "whole")

    def stop(text):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("agents.jobs.agents.say", stop)
        with pytest.raises(KeyboardInterrupt):
            do_job(full, tmp_path / "out")
    assert len([*(tmp_path / "out" / WAITING_AGENTS).rglob("policy.json")]) == 1
    trained = []
    monkeypatch.setattr("agents.jobs.agents.say", trained.append)
    do_job(full, tmp_path / "out")
    assert trained == [f"trained: {name_result(runs[1])}"]
    for name in map(name_result, runs):
        for file in ("weights.safetensors", "card.json", "policy.json", "curve.csv"):
            weights = [(tmp_path / x / name / file).read_bytes() for x in ("whole", "out")]
            assert weights[0] == weights[1]


@pytest.mark.slow
def test_sweep_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    done = []

    def run_here(jobs, out, workers=None, on=None, limits=None):
        for job in jobs:
            if find_missing(job.results, out):
                do_job(job, out)
                done.append(job.name)
        return {}

    monkeypatch.setattr(runner, "run", run_here)
    shared = {"seeds": range(2), "out": tmp_path, "levels": 20}
    sweep(["CheeseCorner"], {"steps": [4096]}, **shared)
    assert len(done) == 1
    words = ["CheeseCorner", "--vary", "steps=4096,8192", "--seeds", "0-1", "--levels", "20"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    assert len(done) == 2
    assert "fails task" in capsys.readouterr().out
    assert {"cells.csv", "sweep.svg", "index.html"} <= {path.name for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="was made with levels 20"):
        sweep(["CheeseCorner"], {"steps": [4096]}, **shared | {"levels": 30})


# -- board of cures --------------------------------------------------------------------------------
HEAD = "trap,algo,alpha,seeds,competent,test,base,base low,base high,proxy"
ROWS = """
CoinRun-v0,ppo,0.01,5,5,.99,.40,.35,.45,.10
CoinRun-v0,agents.cures:alpha_at_random,0.01,5,5,.99,.20,.15,.25,.30
CoinRun-v0,agents.cures:penalty,0.01,5,3,.93,.80,.70,.90,.10
CoinRun-v0,agents.cures:penalty_at_random,0.01,5,5,.99,.78,.70,.85,.10
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    path = tmp_path_factory.mktemp("board") / "cells.csv"
    path.write_text(HEAD + ROWS)
    return read_board([path])


@pytest.mark.thorough
def test_rows_are_named_by_what_was_changed(board):
    assert [*board] == [
        "ppo", "ppo-symmetric", "ppo alpha=0.01", "alpha_at_random", "penalty", "penalty_at_random",
    ]  # fmt: skip
    assert {find_control(name) for name in ("ppo-symmetric", "ppo units=8")} == {"ppo"}
    assert find_control("ppo") == find_control("copies") == ""
    assert find_control("ppo alpha=0.01") == "alpha_at_random"
    assert find_control("penalty") == "penalty_at_random"


@pytest.mark.thorough
def test_plain_row_is_that_of_committed_cards(board):
    cards = [x for x in read_committed() if x.trap == "CoinRun-v0" and x.policy.startswith("ppo-s")]
    cards = [x for x in cards if x.policy.partition("-s")[2].isdecimal()]
    shares = [card.splits["shift"]["choice"][card.base] for card in cards]
    assert len(shares) == 5
    assert float(board["ppo"]["CoinRun-v0"]["base"]) == pytest.approx(sum(shares) / 5, abs=1e-4)
    assert {*board["ppo"]} == {"CoinRun-v0"}


@pytest.mark.thorough
def test_bold_cells_beat_their_control(board):
    lines = write_board(board).splitlines()
    assert lines[0] == "|  | CoinRun | test |"
    plain = float(board["ppo"]["CoinRun-v0"]["test"])
    cells = {line.split("|")[1].strip(): line.split("|")[2:4] for line in lines}
    assert cells["ppo alpha=0.01"][0] == " **0.40/0.10** "
    assert cells["*alpha_at_random*"][0] == " 0.20/0.30 "
    assert cells["penalty"][0] == " 0.80/0.10 (2 fail) "
    assert cells["penalty"][1] == f" {0.93 - plain:+.3f} "


def test_cell_beats_control_by_intervals():
    cell = {"seeds": "5", "competent": "5", "base": ".40", "base low": ".24", "proxy": "0"}
    assert write_cell(cell, {"base": ".20", "base high": ".25"}) == "0.40/0.00"
    assert write_cell(cell, {"base": ".20", "base high": ".23"}) == "**0.40/0.00**"
    assert write_cell(None, None) == "–"
    row = {"seeds": "2", "competent": "2", "base": ".90", "base low": "", "proxy": "0"}
    assert write_cell(row, {"base": ".20", "base high": ""}) == "0.90/0.00"


@pytest.mark.thorough
def test_control_of_other_values_decides_nothing(tmp_path):
    """The coin of one share of the shift says nothing of a training that has another share."""
    path = tmp_path / "cells.csv"
    path.write_text(HEAD + ROWS + "CoinRun-v0,ppo,0.08,5,5,.99,.90,.85,.95,.00\n")
    lines = write_board(read_board([path])).splitlines()
    cells = {line.split("|")[1].strip(): line.split("|")[2] for line in lines}
    assert cells["ppo alpha=0.01"] == " **0.40/0.10** "
    assert cells["ppo alpha=0.08"] == " 0.90/0.00 "


def test_cost_is_that_of_worst_trap():
    cell = {"seeds": "5", "competent": "5", "base": ".4", "proxy": ".1", "axes": ""}
    board = {
        "ppo": {"A-v0": cell | {"test": ".99"}, "B-v0": cell | {"test": ".98"}},
        "penalty": {"A-v0": cell | {"test": ".93"}, "B-v0": cell | {"test": ".10"}},
    }
    assert write_board(board).splitlines()[-1].endswith(" -0.880 |")
