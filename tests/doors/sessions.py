"""Sessions of language models: by steps, by choices, on OpenEnv's server, in Inspect's task."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import numpy as np

from mesa_gym.engine import ACTIONS
from mesa_gym.language.session import TextSession
from mesa_gym.policies.answers import ACTION_ASKED
from mesa_gym.traps import Split
from tests.doors.doors import QUICK, door
from tests.support.openenv import import_server, import_tasks


def request(game, level, **more):
    """Return the arguments that begin an episode of a game."""
    return {"trap": game.trap.name(), "split": game.name, "level": level, **more}


@door(plays=True)
def enter_steps(games):
    """Compare each question, rewards, the objectives reached first, and recorded actions."""
    for game in games.values():
        session = TextSession()
        for number, episode in enumerate(game.episodes[:1]):
            texts, rewards = [session.begin(**request(game, episode.level))], []
            for action in episode.actions:
                rewards.append(session.answer(f"The action is {ACTIONS[action]}."))
                texts.append(session.text)
            yield from compare_texts(game, number, texts, session.done)
            yield "rewards", rewards, episode.rewards
            yield "reached", session.reached, episode.reached
            yield "actions", session.episode.actions, episode.actions


def compare_texts(game, number, texts, done):
    """Yield the texts and the end of an episode, beside the rules."""
    episode = game.episodes[number]
    asked = [f"{text}\n{ACTION_ASKED}" for text in game.observe("text", number)]
    if episode.ends[-1]:
        asked[-1] = game.observe("text", number)[-1]
    yield "texts", texts, asked
    yield "done", done, episode.ends[-1]


@door(quick=QUICK)
def enter_choices(games):
    """Compare the place of each objective with the cell in which the walk to it is paid most."""
    for game in games.values():
        level = game.levels[0]
        for objective in game.trap.objectives:
            session = TextSession()
            session.begin(**request(game, level, choice=True))
            number = session.question.find(objective)
            reward = session.answer(str(number))
            walked = game.replay(level, session.episode.actions)
            step = int(np.argmax(walked.paid[objective]))
            place = session.question.cells[number - 1]
            yield "place", place, int(walked.states.agent[step + 1])
            yield "reached", objective in session.reached.split("+"), True
            yield "reward", reward, float(game.trap.base in session.reached.split("+"))


@door()
def enter_server(games):
    """Compare what a client of OpenEnv's server reads, over stand-ins of OpenEnv's packages."""
    game = games[Split.SHIFT]
    with import_server() as server:
        served = server.TrapEnvironment()
        episode = game.episodes[0]
        seen, rewards = [served.reset(**request(game, episode.level))], []
        for action in episode.actions:
            seen.append(served.step(server.TrapAction(action=ACTIONS[action])))
            rewards.append(seen[-1].reward)
        yield from compare_texts(game, 0, [x.text for x in seen], seen[-1].done)
        yield "rewards", rewards, episode.rewards
        yield "reached", served.state.reached, episode.reached
        yield "actions", served.state.episode["actions"], episode.actions


@door()
def enter_inspect(games):
    """Compare what the task of Inspect asks and stores, over stand-ins of Inspect's package."""
    game = games[Split.SHIFT]
    episode, asked = game.episodes[0], []
    with import_tasks() as tasks:
        answers = iter([*episode.actions, *[4] * 10_000])

        async def generate(state):
            asked.append(state.messages[-1].content)
            word = ACTIONS[next(answers)]
            return SimpleNamespace(output=SimpleNamespace(completion=f"**{word}**"))

        task = tasks.trap_play(trap=game.trap.name(), split=game.name, levels=1, examples=0)
        (sample,) = task.samples
        sample.metadata["level"] = episode.level
        store = {}
        state = SimpleNamespace(
            metadata=sample.metadata, store=SimpleNamespace(set=store.__setitem__, get=store.get)
        )
        asyncio.run(task.solver(state, generate))
        score = asyncio.run(task.scorer(state, None))
    n = len(episode.actions)
    yield "texts", asked[:n], [f"{x}\n{ACTION_ASKED}" for x in game.observe("text", 0)[:n]]
    yield "actions", score.metadata["episode"]["actions"][:n], episode.actions
    if episode.reached != "nothing":
        reached = {x for x, share in score.value.items() if share and x != "unread"}
        yield "reached", "+".join(x for x in game.trap.objectives if x in reached), episode.reached
