"""Pictures: rendered, in the viewer, in a recording, and the playable page."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import gymnasium as gym
import pytest

from mesa_gym import pages
from mesa_gym.envs.base import FRAME_TILE
from mesa_gym.logs import RecordedEpisode, save_episodes
from mesa_gym.rendering import render_rgb
from tests.doors.doors import QUICK, door, run_command
from tests.support.playgrounds import read_data

GAME_JS = Path(pages.__file__).parent / "templates" / "game.js"
FOLLOW = """
(async () => {
  const { cells, size, levels, actions } = JSON.parse(require("fs").readFileSync(0));
  const game = { cells: size[0] * size[1] }, all = [];
  for (const [number, data] of levels.entries()) {
    const level = new Level(game, data, await unpack(data)), steps = [];
    let state = level.start;
    for (const action of actions[number]) {
      const paid = level.payments.map((_, k) => level.pays(k, action, state));
      state = level.follow(action, state);
      steps.push([paid, state >= level.going, state < level.going ? level.cell[state] : -1]);
    }
    all.push(steps);
  }
  console.log(JSON.stringify(all));
})();
"""


@door(quick=QUICK)
def enter_render(games):
    """Compare the frame after the last step."""
    for game in games.values():
        env = gym.make(game.trap.id(game.split), render_mode="rgb_array")
        episode = game.episodes[0]
        env.reset(options={"level": episode.level})
        for action in episode.actions:
            env.step(action)
        last = episode.states.take(slice(-1, None))
        yield "frame", env.render(), render_rgb(game.trap, last, FRAME_TILE)[0]


@door(plays=True, quick=QUICK)
def enter_watch(games):
    """Compare the last picture of a recorded episode, which the command writes."""
    pygame = pytest.importorskip("pygame")
    from mesa_gym.viewer.playback import Session
    from mesa_gym.viewer.players import RecordedPlayer
    from mesa_gym.viewer.recording import frame
    from mesa_gym.viewer.screen import WatchScreen
    from mesa_gym.viewer.seats import Seat

    trap = next(iter(games.values())).trap
    episodes = [
        RecordedEpisode(
            trap=trap.name(), split=game.split.value, level=x.level, play=name, actions=x.actions
        )
        for name, game in games.items()
        for x in game.episodes[:1]
    ]
    with TemporaryDirectory() as folder:
        log, picture = Path(folder, "log.jsonl"), Path(folder, "last.png")
        save_episodes(log, episodes)
        for name, game in games.items():
            episode = game.episodes[0]
            words = (
                f"watch --split {name} --level {episode.level} --headless --no-panel --size 640x420"
            )
            run_command(*words.split(), "--episodes", log, "--record", picture)
            shown = pygame.surfarray.array3d(pygame.image.load(picture)).swapaxes(0, 1)
            screen = WatchScreen(
                Session(trap, [Seat(RecordedPlayer(episodes), name)], episode.level), False
            )
            frame(screen, (640, 420))
            place = screen.layout.grids[0]
            tile, left, top = int(place.tile), int(place.left), int(place.top)
            grid = shown[top : top + trap.height * tile, left : left + trap.width * tile]
            last = episode.states.take(slice(-1, None))
            yield "picture", grid, render_rgb(trap, last, tile)[0]


@door(quick=QUICK)
def enter_export(games):
    """Compare payments, ends and the agent's cell in the engine of the page itself."""
    driver = Path(pytest.importorskip("playwright").__file__).parent / "driver" / "node"
    trap = next(iter(games.values())).trap
    levels, actions = [], []
    with TemporaryDirectory() as folder:
        for name, game in games.items():
            page = Path(folder, f"{name}.html")
            words = ["export", trap.name(), "--split", name, "--levels", *game.levels]
            run_command(*words, "--out", page)
            data = read_data(page.read_text())
            levels += data["levels"]
            actions += [episode.actions for episode in game.episodes]
    sent = json.dumps({"size": trap.size, "levels": levels, "actions": actions})
    done = subprocess.run(
        [driver, "-e", GAME_JS.read_text() + FOLLOW], input=sent, capture_output=True, text=True
    )
    assert not done.stderr, done.stderr
    played = iter(json.loads(done.stdout))
    for game in games.values():
        for episode, steps in zip(game.episodes, played, strict=False):
            paid, ends, cells = zip(*steps, strict=True)
            yield "payments", [list(x) for x in zip(*paid, strict=True)], [*episode.paid.values()]
            yield "ends", [*ends], episode.ends
            expected = [
                -1 if end else cell
                for cell, end in zip(episode.states.agent[1:].tolist(), episode.ends, strict=True)
            ]
            yield "cells", [*cells], expected
