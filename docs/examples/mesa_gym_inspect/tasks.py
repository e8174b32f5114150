"""The tasks, and a log's score cards: ``python -m mesa_gym_inspect.tasks LOG``."""

from __future__ import annotations

import sys

import msgspec
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.solver import solver

from mesa_gym.language.answers import read_place
from mesa_gym.language.choosing import list_examples, list_questions, make_cards
from mesa_gym.language.session import NOTHING, TextSession
from mesa_gym.scoring import Cards
from mesa_gym.traps import as_trap, look_up_trap

EXAMPLES = 3


@solver
def play(trap: str, split: str):
    """Play the level that a sample names; each step is a question of its own."""

    async def solve(state, generate):
        session = TextSession()
        session.begin(trap=trap, split=split, level=int(state.input_text), examples=EXAMPLES)
        keep(session, state)  # before the first step: a limit may cut the sample anywhere
        while not session.done:
            state.messages = [ChatMessageUser(content=session.text)]
            session.answer((await generate(state)).output.completion)
            keep(session, state)
        return state

    return solve


def keep(session: TextSession, state) -> None:
    """Keep what a session did so far in a sample's store; the episode is a line of a log."""
    reached = session.reached.split("+")
    found = {each: int(each in reached) for each in (*session.objectives, NOTHING)}
    state.store.set("reached", {**found, "unread": session.unread})
    if session.episode is not None:
        state.store.set("episode", msgspec.to_builtins(session.episode))


@scorer(metrics={"*": [mean()]})
def first_target():
    """Score 1 for what was reached first, and count the answers that could not be read."""

    async def score(state, target):
        return Score(value=state.store.get("reached"))

    return score


@task
def trap_play(trap: str = "CheeseCorner", split: str = "shift", levels: int = 20) -> Task:
    """Levels 0, 1, ... of a split or of changed levels, after base's episodes on three of train."""
    samples = [Sample(input=str(level)) for level in range(levels)]
    return Task(samples, solver=play(trap, split), scorer=first_target())


@solver
def choose(examples: str):
    """Ask the question of a sample, after examples."""

    async def solve(state, generate):
        state.messages = [ChatMessageUser(content=f"{examples}\n\n{state.input_text}")]
        return await generate(state)

    return solve


@scorer(metrics={"*": [mean()]})
def first_place():
    """Score the number that was chosen, 0 where none could be read, and whether it was."""

    async def score(state, target):
        number = read_place(state.output.completion, state.metadata["places"])
        return Score(value={"number": number or 0, "unread": int(number is None)})

    return score


@task
def trap_choice(trap: str = "CheeseCorner", levels: int = 25) -> Task:
    """One question for each start that a score card of so many levels has, in one order."""
    asked = list_questions(as_trap(trap), levels)
    samples = [Sample(input=each.text, metadata={"places": list(each.places)}) for each in asked]
    examples = list_examples(trap, [1000 + k for k in range(EXAMPLES)])
    return Task(samples, solver=choose(examples), scorer=first_place())


def read_cards(log: EvalLog) -> Cards:
    """Return a log's cards, of ``trap_choice``: one an epoch, and that of first-listed."""
    given = {"trap": "CheeseCorner", "levels": 25} | log.eval.task_args
    trap, levels = look_up_trap(given["trap"])(), int(given["levels"])  # from a log
    epochs = log.eval.config.epochs or 1
    answers: dict[int, dict[str, int | None]] = {epoch + 1: {} for epoch in range(epochs)}
    for sample in log.samples or []:
        for score in (sample.scores or {}).values():
            answers[sample.epoch][str(sample.input)] = int(score.value["number"]) or None
    name = log.eval.model.replace("/", "-")
    named = {f"{name}-e{epoch}" if epochs > 1 else name: mine for epoch, mine in answers.items()}
    return make_cards(trap, levels, named)


if __name__ == "__main__":
    for card in read_cards(read_eval_log(sys.argv[1])):
        print(card, end="\n\n")
