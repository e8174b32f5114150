"""The network on pictures: its numbers are those of the ``rgb`` observation's pixels."""

import numpy as np
import pytest

from mesa_gym.envs.observations import RGB_TILE, make_observation
from mesa_gym.trained.pixels import FEATURES, PIXELS, Tiles
from mesa_gym.traps import Split
from mesa_gym.traps.attributes import Attributes
from tests.support.networks import KEYS, drawn


def score_pixels(trap, weights, picture, cell):
    """Scores of the actions from a picture, by loops over its tiles; inputs are floor beyond it."""
    height, width = trap.size
    tiles = (
        picture.reshape(height, RGB_TILE, width, RGB_TILE, 3)
        .swapaxes(1, 2)
        .reshape(height, width, -1)
    )
    own = {name: each[0].astype(np.float64) for name, each in weights.items()}
    first = own["first"]

    def features(tile):
        sums = tile / 255 / PIXELS**0.5 @ own["tiles"] + own["tiles_bias"][0]
        return sums.clip(min=0)

    floor = features(np.full((RGB_TILE, RGB_TILE, 3), tiles_of_floor(trap)).reshape(-1))
    y0, x0 = divmod(cell, width)
    hidden, columns = own["first_bias"][0].copy(), 2 * width - 5
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            if (y, x) != (y0, x0):
                place = (y - y0 + height - 3) * columns + x - x0 + width - 3
                rows = first[place * FEATURES : (place + 1) * FEATURES]
                hidden += (features(tiles[y, x]) - floor) @ rows
    stands = len(first) - 1 - (height - 2) * (width - 2) + (y0 - 1) * (width - 2) + x0 - 1
    hidden = (hidden + first[stands]).clip(min=0)
    hidden = (hidden @ own["second"] + own["second_bias"][0]).clip(min=0)
    return (hidden @ own["outputs"] + own["outputs_bias"][0])[:5]


def tiles_of_floor(trap):
    """The tile that most cells show, (8, 8, 3)."""
    starts = trap.levels(Split.TRAIN, np.arange(1))
    picture = make_observation(trap, "rgb").encode(starts)[0]
    height, width = trap.size
    tiles = picture.reshape(height, RGB_TILE, width, RGB_TILE, 3).swapaxes(1, 2)[1:-1, 1:-1]
    found, counts = np.unique(tiles.reshape(-1, PIXELS), axis=0, return_counts=True)
    return found[counts.argmax()].reshape(RGB_TILE, RGB_TILE, 3)


@pytest.mark.parametrize("contrast", [1.0, 0.3])
def test_pixel_network_equals_loop_over_rgb_pixels(contrast):
    trap = Attributes(contrast=contrast)
    agent = drawn(trap, kind="pixels")
    for split in (Split.TRAIN, Split.SHIFT):
        starts = trap.levels(split, np.arange(12))
        scores = agent.layers(trap.observe(starts))["scores"]
        pictures = make_observation(trap, "rgb").encode(starts)
        for row in range(12):
            expected = score_pixels(trap, agent.weights, pictures[row], int(starts.agent[row]))
            np.testing.assert_allclose(scores[row], expected, atol=2e-4)
    assert scores.std(axis=0).max() > 0.01


def test_pixel_view_of_unknown_looks_is_refused():
    view, starts = Tiles(KEYS), KEYS.levels(Split.TRAIN, np.arange(3))
    planes = KEYS.observe(starts)
    planes[0, 3, 3, :] = 1
    with pytest.raises(ValueError, match="train with ppo"):
        view.list_inputs(planes)
