"""The README's pictures show what the command draws and what the agent did."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("PIL")
from PIL import Image

from docs import readme_pictures
from docs.readme_pictures import AGENT, LEVELS, TRAP, find_moments, save_gallery
from mesa_gym.scoring import score
from mesa_gym.traps import Split, find_trap


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
