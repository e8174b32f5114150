"""What goes wrong while one watches is said, and the window stays; without one it is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from viewing import Drive

from mesa_gym import cli
from mesa_gym.errors import PolicyError
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.opening import greet
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByHand, ByPolicy
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.watching import WatchScreen


class Tires:
    """A policy that stays, and breaks at its fourth step."""

    observation = "planes"

    def reset(self, mask: np.ndarray, rng: np.random.Generator) -> None:
        self.asked = 0

    def act(self, observation: np.ndarray, state: Any = None) -> np.ndarray:
        self.asked += 1
        if self.asked > 3:
            raise ZeroDivisionError("tired")
        return np.full(len(observation), 4)


def tiring() -> Session:
    return Session(find_trap("CheeseCorner")(), [Seat(ByPolicy(Tires()), Split.SHIFT)])


def test_a_policy_that_fails_ends_its_episode_and_not_the_viewer(
    drive: Drive, capsys: pytest.CaptureFixture[str]
) -> None:
    driver = drive(tiring())
    driver.key("end")
    line = driver.session.pane.line
    assert len(line) == 3
    assert not line.over
    assert (
        "policy 'Tires' on CheeseCorner-v0, shift, step 3: it raised ZeroDivisionError: tired"
        in (driver.session.message)
    )
    assert "raise ZeroDivisionError" in capsys.readouterr().err
    # One can still go about in time, take over, and turn to another level.
    driver.key("home")
    assert driver.session.cursor == 0
    driver.key("n")
    assert driver.session.level == 1
    assert driver.app.screen is driver.screen


def test_visits_of_a_policy_that_fails_are_given_up(drive: Drive) -> None:
    driver = drive(tiring())
    driver.key("v")
    for _ in range(5):
        driver.frame()
    assert "ZeroDivisionError" in driver.session.message
    assert driver.screen._views[0].layers.played < 100


def test_without_a_window_it_is_an_error() -> None:
    with pytest.raises(PolicyError, match="step 3: it raised ZeroDivisionError"):
        WatchScreen(tiring()).settle()


def failing(trap: object) -> Tires:
    return Tires()


def test_the_command_fails_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "film.png"
    policy = f"--policy={__name__}:failing"
    code = cli.main(["watch", policy, "--trap=CheeseCorner", "--headless", f"--record={film}"])
    assert code == 1
    assert "tired" in capsys.readouterr().err
    assert not film.exists()


def test_who_only_plays_has_no_visits(drive: Drive) -> None:
    driver = drive(Session(find_trap("CheeseCorner")(), [Seat(ByHand(), Split.SHIFT)]))
    driver.key("v")
    assert driver.session.message == "only a policy can play a hundred episodes more"
    assert driver.changed() == set()


def test_the_greeting() -> None:
    for player, plays in ((ByPolicy("stay"), True), (ByHand(), False)):
        watched = Session(find_trap("CheeseCorner")(), [Seat(player, Split.SHIFT)])
        greet(watched)
        assert watched.playing is plays
        assert "? lists all keys" in watched.message
