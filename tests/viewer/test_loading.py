"""The screen that is shown while what takes long is loaded."""

import time
from threading import Event

import numpy as np
import pytest
from viewing import Desk

from mesa_gym.viewer.app import LoadingScreen, Screen


def loaded(desk):
    """Return what comes after the loading."""
    while isinstance(desk.app.screen, LoadingScreen):
        desk.frame(0.01)
        time.sleep(0.01)  # the loading is done in a thread
    return desk.app.screen


@pytest.mark.thorough
def test_window_is_there_before_long_loading():
    began, over, after = Event(), Event(), Screen()

    def make():
        began.set()
        over.wait()
        return after

    with Desk(LoadingScreen("a network", make)) as desk:
        assert not began.is_set()  # the first frame has been drawn
        assert len(np.unique(desk.pixels)) > 3
        for _ in range(5):
            desk.frame(0.02)
        began.wait()
        assert isinstance(desk.app.screen, LoadingScreen)
        over.set()
        assert loaded(desk) is after
