"""``mesa-gym export``: what a page holds is what is scored and what is drawn."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from edited import cells_of
from parameters import thorough
from planners import known_map
from playgrounds import read_data, read_picture
from playing import play_all

from mesa_gym.rendering import render_rgb
from mesa_gym.scoring import ENDED, replay, score
from mesa_gym.scoring.evidence import NONE
from mesa_gym.solver import Solution
from mesa_gym.traps import find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.export import TILE, panes_on, replay_page
from mesa_gym.viewer.seats import Seat

LEVELS = [0, 1, 2]


def exported(trap, policy, plays, seed=0):
    seats = [Seat(PolicyPlayer(policy, seed), play) for play in plays]
    return read_data(replay_page(panes_on(find_trap(trap)(), seats, LEVELS)), "replay")


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["random", "oracle:dish"])
def test_actions_are_those_that_are_scored(policy):
    plays = ["train", "shift", "twins", "bare", "alone:cheese", "alone:dish"]
    levels = exported("CheeseDish", policy, plays, seed=5)["levels"]
    played = play_all(policy, find_trap("CheeseDish")(), len(LEVELS), seed=5)
    for number in LEVELS:
        for play, episode in zip(plays, levels[number], strict=True):
            actions = played[play].actions[number]
            assert episode["actions"] == actions[actions != ENDED].tolist()


@pytest.mark.thorough
@pytest.mark.parametrize("trap", ["CheeseDish", "PointedGoal"])
def test_export_choices_of_absent_targets_are_ghosts(trap):
    """A target that is away is chosen where it would have paid: its ghost."""
    base, proxy = find_trap(trap).objectives
    plays = ["shift", f"alone:{base}", f"alone:{proxy}"]
    levels = exported(trap, "sweeper", plays)["levels"]
    kept = score("sweeper", trap, levels=len(LEVELS)).choices
    codes = {"none": NONE, base: 0, proxy: 1, f"ghost of {base}": 0, f"ghost of {proxy}": 1}
    for number, play in enumerate(plays):
        said = [level[number]["choice"][-1] for level in levels]
        scored = kept.shift if play == "shift" else kept.alone[play.removeprefix("alone:")]
        assert [codes[each] for each in said] == scored.tolist()
        ghosts = {proxy, base} - {play.removeprefix("alone:")} if play != "shift" else set()
        assert all(
            each == "none" or ("ghost" in each) == (each.split()[-1] in ghosts) for each in said
        )


@pytest.mark.thorough
def test_export_pictures_equal_the_state():
    trap = find_trap("KeysChests")()
    data = exported("KeysChests", "random", ["shift"])
    sheet = read_picture(data["sheet"]).reshape(-1, TILE, data["wide"], TILE, 3)
    pictures = sheet.swapaxes(1, 2).reshape(-1, TILE, TILE, 3)
    episode = data["levels"][2][0]
    state, shown = trap.levels("shift", [2]), {}
    for action, changes in zip([*episode["actions"], 4], episode["changes"], strict=True):
        shown |= dict(changes)
        tiles = [pictures[shown[cell]] for cell in range(trap.cells)]
        rows = [np.concatenate(tiles[i : i + 9], axis=1) for i in range(0, trap.cells, 9)]
        np.testing.assert_array_equal(np.concatenate(rows), render_rgb(trap, state, TILE)[0])
        state = trap.step(state, np.array([action])).state


@pytest.mark.parametrize("policy", ["oracle:corner", thorough("random")])
def test_export_numbers_equal_those_of_scoring(policy):
    trap = find_trap("CheeseCorner")()
    data = exported("CheeseCorner", policy, ["train", "shift"])
    assert data["objectives"] == ["cheese", "corner"]
    for (number, level), play in [(x, p) for x in enumerate(data["levels"]) for p in range(2)]:
        episode, name = level[play], ["train", "shift"][play]
        starts, horizon = trap.levels(name, [number]), trap.horizon(name)
        paid = replay(trap, starts, np.array([episode["actions"]], dtype=np.int8)).paid
        solution = Solution(trap, starts, horizon)
        for i, x in enumerate(data["objectives"]):
            assert [pays[i] for pays in episode["paid"][1:]] == paid[x][:, 0].tolist()
            discounted = np.cumsum(paid[x][:, 0] * 0.99 ** np.arange(len(paid[x])))
            earned = [earned[i] for earned in episode["earned"]]
            np.testing.assert_allclose(earned, [0, *discounted], atol=0.0051)
            assert episode["values"][0][i] == pytest.approx(solution.optimum(x)[0], abs=0.0051)
            assert episode["values"][-1][i] == 0
        assert episode["end"] == (
            "time is up" if len(paid["cheese"]) == horizon else "the episode ended"
        )
    chosen = score(policy, trap, levels=len(LEVELS)).choices.shift
    codes = {"none": NONE, "cheese": 0, "corner": 1}
    assert [codes[level[1]["choice"][-1]] for level in data["levels"]] == chosen.tolist()
    assert all(level[0]["choice"] is None for level in data["levels"])


@pytest.mark.thorough
def test_without_exact_solver_there_are_no_values():
    episode = exported("MonsterWorld", "reference:shields", ["train"])["levels"][0][0]
    assert (episode["values"], episode["choice"]) == (None, None)
    assert len(episode["actions"]) == 25


@pytest.mark.thorough
def test_pages_are_small():
    seats = [Seat(PolicyPlayer("random"), play) for play in ("train", "shift")]
    trap = find_trap("KeysChests")()
    one, six = (replay_page(panes_on(trap, seats[:n], LEVELS[: 2 * n - 1])) for n in (1, 2))
    episode = read_data(one, "replay")["levels"][0][0]
    assert len(episode["actions"]) >= 50
    assert len(json.dumps(episode)) < 15_000
    assert len(one) < 60_000
    assert len(six) < 100_000


def test_export_holds_maps_of_a_planner():
    trap = find_trap("CheeseCorner")()
    seats = [Seat(PolicyPlayer(each), "shift") for each in ("planners:Pathfinder", "oracle:base")]
    page = replay_page(panes_on(trap, seats, [0, 1]))
    for number, (episode, other) in enumerate(read_data(page, "replay")["levels"]):
        state = trap.levels("shift", [number])
        (cheese,), worth = cells_of(trap, state, "cheese"), known_map(trap, state)
        assert (other["wants"], other["plan"]) == ([], [])
        shown = {}
        for action, changes, way in zip(
            episode["actions"], episode["wants"], episode["plan"], strict=True
        ):
            shown |= dict(changes)
            assert shown == {cell: pytest.approx(worth.get(cell)) for cell in range(trap.cells)}
            assert (way[0], way[-1]) == (state.agent[0], cheese)
            state = trap.step(state, np.array([action])).state
            assert state.agent[0] == way[1]
    others = replay_page(panes_on(trap, seats[1:], [0]))
    assert ["data-layer=" in each.replace("[data-layer=", "") for each in (page, others)] == [1, 0]


def test_export_name_cannot_become_markup():
    player = PolicyPlayer("random")
    player.name = "</script><script>alert(1)</script>\x1b<b>{{ 7 * 7 }}"
    page = replay_page(panes_on(find_trap("CheeseCorner")(), [Seat(player, "shift")], [0]))
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "49" not in read_data(page, "replay")["levels"][0][0]["policy"]
    assert page.count("</script>") == 2


@pytest.mark.thorough
def test_neither_pygame_nor_a_display_is_needed(tmp_path):
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pygame', 'imageio_ffmpeg']))\n"
        "from mesa_gym.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    gone = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    command = ["export", "--trap", "CheeseDish", "--beside", "twins", "--levels", "3", "1", "3"]
    command += ["--out", "replay.html"]
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"wrote replay\.html: \d\d kB\n", done.stdout)
    data = read_data((tmp_path / "replay.html").read_text(), "replay")
    titles = [[episode["title"] for episode in level] for level in data["levels"]]
    assert titles == [[f"shift, level {n}", f"twins, level {n}"] for n in (3, 1)]
