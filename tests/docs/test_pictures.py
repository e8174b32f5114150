"""Films and pictures of the README and the gallery show what agents did and what is drawn."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from docs import readme_pictures
from docs.loops import HOLD, MOST, find_walk, save_loop
from docs.readme_pictures import AGENT, LEVELS, TRAP, find_moments, save_gallery
from mesa_gym.rendering.colours import BASE, PROXIES
from mesa_gym.scoring import rollout, score
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, find_trap


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
    from mesa_gym.trained.library import load

    *_, (_, levels, firsts) = find_moments(find_trap(TRAP)(), Split.SHIFT)
    shares = score(load(TRAP), TRAP, levels=LEVELS, name=AGENT).read_each("shift", "choice")
    assert levels == LEVELS
    assert firsts == {x: LEVELS * shares[x] for x in firsts}
