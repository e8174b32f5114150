"""The reproduction study: settings that are trained as they say, once, and their tables."""

import json
import sys

import pytest

from agents import train
from agents.lesson import Lesson
from agents.ppo_settings import PPOSettings
from benchmarks.studies import reproduction
from benchmarks.studies.reproduction import STUDIES, restrict_study, study_units
from benchmarks.studies.settings import ChangedLesson, Setting
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import find_trap

CORNER = find_trap("CheeseCorner")()
COMMAND = ["keys", "--seeds", "1", "--levels", "4"]


def test_what_a_setting_changes_is_its_name_and_its_lesson() -> None:
    setting = Setting("CheeseCorner", alpha=0.25, gamma=0.5, max_steps=7, own_levels=True)
    changed = "alpha0.25-gamma0.5-max-steps7-own-levelsTrue"
    assert setting.agent(3) == f"CheeseCorner-ppo-{changed}-s3"
    staged = Setting("CheeseCorner", stages=("steps=5 size=11", "steps=9 size=11"), units=16)
    assert staged.agent(0) == "CheeseCorner-ppo-units16-steps-5-size-11-steps-9-size-11-s0"
    assert staged.make().size == (11, 11)
    lessons = [ChangedLesson(CORNER, (seed,), 1, alpha=0.25, setting=setting) for seed in (0, 1)]
    assert setting.run(0).settings.discount == 0.5
    mine, other = (TrapVectorEnv(CORNER, 8, **lesson.keywords()) for lesson in lessons)
    assert (mine.settings.max_steps, mine.settings.alpha) == (7, 0.25)
    assert (mine.reset(seed=0)[0] != other.reset(seed=0)[0]).any()
    usual = ChangedLesson(CORNER, (0,), 1, setting=Setting("CheeseCorner"))
    assert usual.keywords() == Lesson(CORNER, (0,), 1).keywords()
    assert Setting("CheeseCorner").run(0).settings == PPOSettings()


def test_the_same_agents_are_trained_once() -> None:
    for study in STUDIES.values():
        names = [setting.name for setting in study.settings]
        assert len(set(names)) == len(names)
        for setting in study.settings:
            assert setting.facts(0)["trap"] == setting.make().name()
    shared = [restrict_study(STUDIES[name], ["KeysChests"], 2) for name in ("alpha", "keys")]
    names = [unit.name for unit in study_units(shared, 4)]
    assert len(names) == len(set(names)) == 10


@pytest.mark.thorough
def test_the_command_trains_once_and_writes_tables_and_a_page(
    units_run_here, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(train, "steps_for", lambda trap, algo: 1)
    page, out = tmp_path / "page.md", tmp_path / "run"
    page.write_text("before\n<!-- keys -->\nold\n<!-- until here -->\nafter\n")
    command = [*COMMAND, "--out", str(out), "--page", str(page)]
    assert reproduction.main(command) == 0
    assert capsys.readouterr().err.count("done: KeysChests-ppo") == 2
    agents = {path.name: path / "policy.json" for path in (out / "agents").iterdir()}
    assert agents.keys() == {"KeysChests-ppo-s0", "KeysChests-ppo-alpha0.1-s0"}
    entries = json.loads(agents["KeysChests-ppo-alpha0.1-s0"].read_text())
    assert (entries["alpha"], entries["num_levels"]) == (0.1, 30_000)
    *tables, counted = (out / "keys.md").read_text().strip().split("\n\n")
    assert "| KeysChests-v0 | KeysChests-ppo-alpha0.1 | 1 " in tables[1]
    cells = dict(line.strip("| ").split(" | ", 1) for line in counted.splitlines())
    assert cells["policy"].split(" | ")[:2] == ["keys", "spare keys"]
    # Two keys open both chests, and five lie about.
    assert cells["oracle:chests"].startswith("2.000 | 0.000")
    assert cells["oracle:keys"].startswith("5.000 | 3.000")
    told_page = page.read_text()
    assert told_page.startswith("before\n<!-- keys -->\n\n2 agents, trained for")
    assert "old" not in told_page
    assert reproduction.main(command) == 0
    assert "done:" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["colours"], "Did you mean 'colour'"),
        (["keys", "--traps", "CheeseCorner"], "has no rows of CheeseCorner"),
        (["keys", "--traps", "KeysChest"], "Did you mean 'KeysChests"),
        ([*COMMAND, "--page", "setup.cfg"], "setup.cfg has no place for the tables: <!-- keys -->"),
        ([*COMMAND, "--plot"], 'pip install "mesa-gym[leaderboard]"'),
    ],
)
def test_bad_usage_is_refused_before_the_work(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert reproduction.main([*arguments, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]
