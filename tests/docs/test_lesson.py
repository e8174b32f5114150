"""The lesson of ``mesa-gym demo``: a visitor's actions on its screens, and the texts."""

import numpy as np
import pytest

from mesa_gym import cli
from mesa_gym.logs import read_log, score_logs
from mesa_gym.policies import as_policy
from mesa_gym.scoring import rollout, score
from mesa_gym.trained.library import load
from mesa_gym.traps import find_trap
from mesa_gym.viewer import lesson
from mesa_gym.viewer.lesson import NEW_ROOM, ROOMS, make_lesson, measure_choices
from tests.support.browsing import Tab, wait_until
from tests.support.playgrounds import read_data

KEYS = ("ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp")


@pytest.mark.thorough
def test_lesson_chances_equal_those_of_scoring():
    """150 levels: the exact means lie within four standard errors of a sampled score."""
    trap, agent = find_trap("ColourShape")(), load("ColourShape")
    sampled = score(agent, trap, levels=150).splits["shift"]["choice"]
    exact = dict(zip(trap.objectives, measure_choices(trap, agent, 150), strict=True))
    for x, share in exact.items():
        assert abs(sampled[x] - share) < 4 * np.sqrt(share * (1 - share) / 150)


@pytest.fixture(scope="module")
def page():
    return make_lesson()


@pytest.fixture(params=[390, pytest.param(1400, marks=pytest.mark.slow)])
def tab(browser, tmp_path, page, request):
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "lesson.html").write_text(page)
    look = {"viewport": {"width": request.param, "height": 844}, "reduced_motion": "no-preference"}
    tab = Tab(browser, tmp_path, **look)
    opened = tab.open("lesson.html")
    opened.wait_for_selector("body[data-ready]")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") == request.param
    tab.close()


def take(page, goal, room=NEW_ROOM, until="screen > 1 || board.run.first >= 0"):
    """Walk by keys as the oracle of an objective does, until one is contacted."""
    trap, (split, number) = find_trap("ColourShape")(), room
    oracle, limit = as_policy(f"oracle:{goal}", trap, trap.horizon(split)), trap.horizon(split)
    for action in rollout(oracle, trap, trap.levels(split, [number]), limit).actions[0].tolist():
        page.keyboard.press(KEYS[action])
        if page.evaluate(until):
            return


def enter_new_room(page):
    """Find out what pays in three rooms, by keys alone, and go on."""
    for number, room in enumerate(ROOMS):
        take(page, "line", room, f"paid > {number}")
        text = page.inner_text("#said")
        assert f"+1. {number + 1} of 3" in text
        assert "yellow" not in text
        if number < 2:
            # The next room is another board, on which a step is taken again.
            wait_until(page, "board.run.t === 0")
    page.click("#next")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("tab", "goal", "text"),
    [(390, "line", "You went to the bar"), (1400, "yellow", "what is yellow")],
    indirect=["tab"],
)
def test_lesson_compares_choices_with_trained_agents(tab, page, goal, text):
    enter_new_room(tab)
    assert "bar" not in tab.inner_text("main")
    assert "yellow" not in tab.inner_text("main")
    take(tab, goal)
    assert text in tab.inner_text("#text")
    rows = [row.inner_text().split() for row in tab.query_selector_all("tbody tr, table tr")]
    robots = [row for row in rows if row and row[0] == "Robot"]
    data = read_data(page)
    assert [row[-1] for row in robots] == [
        f"{round(100 * yellow)}%" for _, yellow in data["everywhere"][:5]
    ]


@pytest.mark.thorough
def test_lesson_text_matches_robot_and_planner(tab):
    tab.evaluate("turn(3)")
    tab.wait_for_selector("#said:has-text('empty corner')")
    tab.wait_for_selector("#next:not([disabled])")
    assert "99%" in tab.inner_text("#said")
    assert "sweeps" in tab.inner_text("#said")
    tab.click("#next")
    tab.wait_for_selector("#said:has-text('Click the red bar')")
    cell = tab.evaluate("[...Array(81).keys()].find((cell) => board.names(cell).includes('line'))")
    box = tab.query_selector("canvas").bounding_box()
    side = box["width"] / 9
    tab.mouse.click(box["x"] + (cell % 9 + 0.5) * side, box["y"] + (cell // 9 + 0.5) * side)
    wait_until(tab, "board.run.first >= 0 || board.run.over")
    assert tab.evaluate("board.run.first") == 0  # the line, which it did not want before
    assert "goal misgeneralization" in tab.inner_text("#end")


@pytest.mark.thorough
def test_lesson_saves_choices_as_a_log(tab, tmp_path):
    enter_new_room(tab)
    take(tab, "yellow")
    tab.evaluate("element('end').hidden = false")
    with tab.expect_download() as download:
        tab.click("#save")
    download.value.save_as(tmp_path / "mine.jsonl")
    episodes, _ = read_log(tmp_path / "mine.jsonl")
    assert [(e.play, e.level) for e in episodes] == [
        *(("train", n) for n in range(3)),
        ("shift", 1),
    ]
    (found,), notes = score_logs(episodes)
    chosen = {share.of: share.share for share in found.shares}
    assert (chosen["yellow"], found.policy, notes) == (1.0, "me", [])


def test_demo_without_page_makes_it_once(monkeypatch, capsys, tmp_path):
    opened, made = [], []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(opened.append(address)))
    monkeypatch.setattr(lesson, "make_lesson", lambda: made.append("") or "<html>")
    monkeypatch.setattr(lesson, "LESSON", path := tmp_path / "pages" / "lesson.html")
    assert [cli.main(["demo"]), cli.main(["demo"])] == [0, 0]
    assert (len(made), path.read_text()) == (1, "<html>")
    assert opened == 2 * [path.as_uri()]
    text = capsys.readouterr().out
    assert text.count("makes the page once") == 1
    assert text.count("No browser") == 2
