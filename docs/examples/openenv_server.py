"""OpenEnv: eight clients play twenty episodes on one server, as `mesa-gym serve` starts it.

The server runs on this machine, in a thread. Each client compares what it gets with an environment
of `gymnasium.make`, step by step. At last a client is asked once where to go first, and the log is
judged.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
import time
from pathlib import Path
from threading import Thread

import gymnasium as gym
import uvicorn
from openenv import GenericEnvClient

from mesa_gym.engine import ACTIONS
from mesa_gym.language.server import make_server
from mesa_gym.logs import read_log, score_logs

EPISODES, SESSIONS = 20, 8
ASKED = {"trap": "CheeseCorner", "split": "shift"}
SENTENCES = ("{}", "Answer: {}", '{{"action": "{}"}}', "<think>Or left?</think>{}")


async def play(url: str, seeds: list[int], shown: list[str]) -> int:
    """Play episodes at random beside gym.make; return the number of steps."""
    env = gym.make("MesaGym/CheeseCorner-Shift-v0", observation="text")
    env.action_space.seed(seeds[0])
    steps = 0
    async with GenericEnvClient(base_url=url) as client:
        for seed in seeds:
            result = await client.reset(seed=seed, **ASKED)
            seen, _ = env.reset(seed=seed)
            while not result.done:
                shown.append(str(result.observation))
                assert result.observation["text"].startswith(seen)
                action = int(env.action_space.sample())
                answer = SENTENCES[steps % len(SENTENCES)].format(ACTIONS[action])
                result = await client.step({"action": answer})
                seen, reward, ended, cut, _ = env.step(action)
                assert (result.reward, result.done) == (reward, ended or cut)
                steps += 1
            state = await client.state()
            assert state["unread"] == 0
    return steps


async def choose(url: str) -> None:
    """Reset by a seed twice, and by another one; then go to the first place that is listed."""
    async with GenericEnvClient(base_url=url) as client:
        texts = [(await client.reset(seed=seed)).observation["text"] for seed in (7, 7, 8)]
        print(f"a seed twice: equal {texts[0] == texts[1]}; another: equal {texts[0] == texts[2]}")
        await client.reset(seed=99, choice=True, examples=2, **ASKED)
        result = await client.step({"place": "the first"})  # a wrong key
        print(f"not read: asked again {'not read' in result.observation['text']}")
        result = await client.step({"action": "Place 1", "reasoning": "it is not far"})
        state = await client.state()
        print(f"place 1: paid {result.reward}, reached {state['reached']}, done {result.done}")


async def main(url: str, log: Path) -> None:
    """Play in all sessions at once, and judge what the server logged."""
    shown: list[str] = []
    seeds = [list(range(first, EPISODES, SESSIONS)) for first in range(SESSIONS)]
    steps = await asyncio.gather(*(play(url, mine, shown) for mine in seeds))
    told = [text for text in shown if "corner" in text or "reached" in text or "level" in text]
    print(f"{EPISODES} episodes in {SESSIONS} sessions, {sum(steps)} steps as gym.make has them")
    print(f"{len(told)} of {len(shown)} observations tell a goal or a level")
    await choose(url)
    episodes, left = read_log(log)
    (found,), notes = score_logs(episodes)
    counts = {share.play: share.levels for share in found.shares}
    print(f"{found!r}; levels {counts}, {len(notes + left)} notes")


def start_server(log: Path) -> tuple[uvicorn.Server, str]:
    """Start the server in a thread; return it with its address."""
    # OpenEnv logs an error where a client leaves.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make_server(log=log), port=port, log_config=None))
    Thread(target=server.run, daemon=True).start()
    return server, f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        server, url = start_server(Path(folder, "log.jsonl"))
        while not server.started:
            time.sleep(0.05)
        asyncio.run(main(url, Path(folder, "log.jsonl")))
        server.should_exit = True
