"""Tables, pictures, films and statements of pages say what results and agents of today say."""

import json
import re
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from boards import MONSTERS, card, make_leaderboard
from PIL import Image, ImageSequence
from small_traps import Corridor

from agents.library import list_single_traps
from benchmarks.markdown import pipes
from benchmarks.methods.record import read_committed as read_methods
from benchmarks.methods.standings import tabulate
from docs import readme_pictures
from docs.agent_words import describe_agent, find_agents, say_sight
from docs.loops import HOLD, MOST, find_walk, save_loop
from docs.readme_pictures import AGENT, LEVELS, TRAP, find_moments, save_gallery
from docs.results_page import (
    AMONG,
    BY,
    PICTURE,
    README,
    RESULTS,
    TRACKS,
    draw_leaderboard,
    fill_board,
    tabulate_learner,
)
from docs.studies.page_tables import show
from docs.trap_table import tabulate_traps
from mesa_gym.rendering.colours import BASE, PROXIES
from mesa_gym.report import rank_among_committed, read_committed
from mesa_gym.scoring import WORDS, rollout, score
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap, package_traps

GUIDE = Path(__file__).parents[2] / "docs" / "write_a_trap.md"
COMPUTED = {"objectives", "base", "proxies", "planes"}


@pytest.mark.thorough
def test_pages_and_pictures_are_of_the_committed_results(tmp_path):
    """`python -m docs.results_page` writes them."""
    board = rank_among_committed([])
    tracks, readme, results = (Path(shutil.copy(x, tmp_path)) for x in (TRACKS, README, RESULTS))
    show(f"methods, {BY}", pipes(*tabulate(read_methods())), tracks)
    fill_board(board, readme, AMONG)
    fill_board(board, results)
    show(f"ppo, {BY}", tabulate_learner(read_committed()), results)
    for page, copy in {TRACKS: tracks, README: readme, RESULTS: results}.items():
        assert copy.read_text() == page.read_text()
    assert PICTURE.read_text() == draw_leaderboard(board)


def test_tables_leave_the_text_around_them(tmp_path):
    page = tmp_path / "results.md"
    page.write_text(f"before\n<!-- board, {BY} -->\nold\n<!-- until here -->\nafter\n")
    fill_board(make_leaderboard(), page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- until here -->\nafter\n")
    assert "| ppo (today) |" in text
    assert "\nold\n" not in text


def test_the_picture_has_a_row_of_each_agent_and_a_column_of_each_trap():
    board = make_leaderboard()
    drawn = draw_leaderboard(board)
    assert all(f">{trap.removesuffix('-v0')}</text>" in drawn for trap in board.traps)
    assert "ppo (today)" in drawn


CHOICE = "Traps with a choice"


def read_table(*given):
    """The rows of a table by their trap."""
    lines = tabulate_traps(*given).splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in lines]
    return {row[0].partition("]")[0].strip("["): row[1:] for row in rows}


def test_the_table_of_traps_says_what_tells_their_objectives_apart():
    of = read_table([*package_traps().values()], [])
    assert of.keys() == {cls.__name__ for cls in package_traps().values()}
    named = ["`shape`", "`colour`, `place`", "attribute, place"]
    alone = "`shape`, `colour`, `place`"
    assert of["Attributes"] == [*named, "yes", alone, "exact", "–", CHOICE]
    named = ["`cheese`", "`corner`", "place", "–"]
    assert of["CheeseCorner"] == [*named, "`corner`", "exact", "–", CHOICE]
    assert of["MonsterWorld"][3:] == ["–", "–", "–", "–", "Traps judged by returns"]
    expecting = [name for name, row in of.items() if "expect" in row[-1]]
    assert expecting == ["AbsentSupervisor", "LavaLand", "OversightLamp"]
    assert sum(row[3] == "yes" for row in of.values()) == 7


def test_the_table_says_how_many_seeds_of_ppo_learn_a_trap():
    corner = [
        card("CheeseCorner-v0", f"ppo-s{s}", 0.5, 0.5, test=x) for s, x in enumerate((1, 0.5))
    ]
    others = [card("CheeseCorner-v0", "bc-s0", 1, 0), card(MONSTERS, "ppo-s0", 0.5, 0, test=0.97)]
    classes = [find_trap(name) for name in ("CheeseCorner", "MonsterWorld", "CoinRun")]
    learnt = [row[-2] for row in read_table(classes, [*corner, *others]).values()]
    assert learnt == ["1 of 2 (arrival 0.50)", "1 of 1 (N 0.97)", "–"]


read = cache(read_committed)


def raw(trap, policy):
    (card,) = (each for each in cards(trap) if each.policy == policy)
    return json.loads(card.to_json())


def cards(trap):
    return [card for card in read() if card.trap == trap]


def percents(choice):
    return ", ".join(f"{share:.0%}" for share in choice.values())


def test_an_agents_choices_stand_beside_those_of_its_own_nulls():
    trap = find_trap("CheeseCorner")()
    entry = find_agents(trap, 1)[0]
    said = describe_agent(trap, entry, cards(trap.name()))
    card = raw(trap.name(), "ppo-s0")
    assert said.startswith(f"Its verdict is {card['verdict']}: it {WORDS['proxy']}.")
    cheese, corner, none = percents(card["splits"]["shift"]["choice"]).split(", ")
    assert f"it went first to cheese on {cheese}, corner on {corner}, none on {none}." in said
    for null, name in (
        ("sweeper", "a sweeper"),
        ("uniform", "random moves"),
        ("drift", "a blind drift"),
    ):
        assert f"{name} {percents(card['nulls'][null]['shift']['choice'])}" in said


def test_an_agent_without_a_card_stands_beside_those_that_have_one():
    trap = find_trap("DustSweep")()
    (entry,) = find_agents(trap, 1, "planner")
    others = [card for card in cards(trap.name()) if not card.policy.startswith("ppo-planner")]
    said = describe_agent(trap, entry, others)
    sweeper, random = (
        percents(raw(trap.name(), each)["splits"]["shift"]["choice"])
        for each in ("sweeper", "random")
    )
    assert said.endswith(f"without a goal: a sweeper {sweeper}; random moves {random}.")
    assert "it earned more of clean on " in said
    assert "drift" not in said


LEARNT = [cls.name() for cls in list_single_traps() if find_agents(cls(), 1)]


@pytest.mark.parametrize("name", LEARNT)
def test_five_agents_and_a_planner_are_there_for_a_trap_that_has_agents(name):
    trap = find_trap(name)()
    assert [entry.seed for entry in find_agents(trap, 5)] == [0, 1, 2, 3, 4]
    assert len(find_agents(trap, 1, "planner")) == trap.solvable


def test_a_page_says_the_mean_of_its_agents():
    """The seeds' cards, averaged by hand."""
    trap = find_trap("PointedGoal")()
    said = say_sight(trap, cards(trap.name()))
    found = [raw(trap.name(), f"ppo-s{seed}")["splits"]["shift"]["choice"] for seed in range(5)]
    pointed = sum(each["pointed"] for each in found) / 5
    assert said.startswith("Look at the colours: where would the agent go to `pointed` or `gem` fi")
    assert f" which differ in their seed alone, went first to `pointed` on {pointed:.0%}," in said
    assert "a blind drift" in said


def test_a_trap_without_agents_says_what_to_watch():
    assert say_sight(Corridor(), []).startswith("Watch whether the agent goes for `")


def test_the_guide_lists_every_attribute_that_a_trap_may_declare():
    declared = {name for cls in Trap.__mro__ for name in vars(cls).get("__annotations__", ())}
    cells = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(), re.MULTILINE)
    listed = [name for cell in cells for name in re.findall(r"`([a-z_]+)(?: = [^`]*)?`", cell)]
    expected = {name for name in declared if not name.startswith("_")} - COMPUTED
    assert sorted(expected) == sorted(set(listed) & declared)
    assert all(listed.count(name) == 1 for name in expected)


def test_a_walk_ends_where_something_paid():
    """The agent goes to the corner, whether the cheese is there or not."""
    trap = find_trap("CheeseCorner")()
    train, shift = (find_walk(trap, split) for split in (Split.TRAIN, Split.SHIFT))
    assert (train.paid, shift.paid) == (["cheese", "corner"], ["corner"])
    assert int(shift.states[-1].agent[0]) == trap.width + 1  # the top left cell inside the walls
    level = trap.levels(Split.SHIFT, np.array([0]))
    played = rollout(load(trap), trap, level, 64, agent="ppo-s0", play="shift").actions[0]
    steps = [(-1, trap.width, 1, -trap.width, 0)[a] for a in played[: len(shift.states) - 1]]
    assert all(
        int(after.agent[0]) in (int(before.agent[0]), int(before.agent[0]) + step)
        for before, after, step in zip(shift.states, shift.states[1:], steps, strict=False)
    )


def test_a_walk_without_end_is_cut():
    assert len(find_walk(find_trap("DustSweep")(), Split.SHIFT).states) == MOST + 1


def test_a_film_is_small_and_frames_what_paid(tmp_path):
    path = tmp_path / "film.png"
    trap = find_trap("CheeseCorner")()
    assert save_loop(trap, path) == (
        "An agent on a training level gets cheese and corner, and on a level of the shift corner"
    )
    assert path.stat().st_size < 20_000
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(film)]
        film.seek(film.n_frames - 1)
        assert film.info["duration"] == HOLD
    last = frames[-1]
    places = {(1, 1): BASE, (6, 6): PROXIES[0], (last.width - 2, 1): PROXIES[0]}
    for at, tone in places.items():
        assert np.abs(np.subtract(last.getpixel(at)[:3], tone)).max() < 12  # of a palette
    assert last.getpixel((last.width // 2, 5))[3] == 0  # between the levels


@pytest.mark.thorough
def test_the_gallery_is_of_todays_traps(tmp_path, monkeypatch):
    """`python -m docs.readme_pictures` draws it; letters may differ with Pillow's version."""
    committed = np.asarray(Image.open(readme_pictures.IMAGES / "gallery.png").convert("RGB"))
    monkeypatch.setattr(readme_pictures, "IMAGES", tmp_path)
    save_gallery()
    drawn = np.asarray(Image.open(tmp_path / "gallery.png").convert("RGB"))
    assert drawn.shape == committed.shape
    assert (drawn != committed).any(axis=2).mean() < 0.01


@pytest.mark.thorough
def test_the_film_counts_what_a_score_card_counts():
    """On its eight levels of the shift."""
    *_, (_, levels, firsts) = find_moments(find_trap(TRAP)(), Split.SHIFT)
    shares = score(load(TRAP), TRAP, levels=LEVELS, name=AGENT).read_each("shift", "choice")
    assert levels == LEVELS
    assert firsts == {x: LEVELS * shares[x] for x in firsts}
