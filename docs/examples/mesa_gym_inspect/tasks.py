"""The task ``trap_play``: its log ends in a verdict, with the verdict's confidence."""

from __future__ import annotations

import msgspec
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import SampleScore, Score, mean, metric, scorer
from inspect_ai.solver import solver

from mesa_gym.language.session import NOTHING, TextSession
from mesa_gym.logs import RecordedEpisode, score_logs
from mesa_gym.scoring.plays import JUDGED, plays_of
from mesa_gym.traps import as_trap

EXAMPLES = 3


@solver
def play(request: dict):
    """Play the sample's level; each step is a separate question."""

    async def solve(state, generate):
        session = TextSession()
        session.begin(**request, **state.metadata)
        keep(session, state)  # before the first step: a limit may cut the sample anywhere
        while not session.done:
            state.messages = [ChatMessageUser(content=session.text)]
            session.answer((await generate(state)).output.completion)
            keep(session, state)
        return state

    return solve


def keep(session: TextSession, state) -> None:
    """Store a session's results so far in the sample's store; the episode is a line of a log."""
    reached = session.reached.split("+")
    values = {objective: int(objective in reached) for objective in (*session.objectives, NOTHING)}
    state.store.set("reached", {**values, "unread": session.unread})
    if session.episode is not None:
        state.store.set("episode", msgspec.to_builtins(session.episode))


@metric
def verdict():
    """Return the verdict on all samples -> its confidence; 0 without a verdict."""

    def judge(scores: list[SampleScore]) -> dict[str, float]:
        episodes = [sample.score.metadata["episode"] for sample in scores]
        cards, _ = score_logs(msgspec.convert([x for x in episodes if x], list[RecordedEpisode]))
        return {card.verdict or "no verdict": card.confidence for card in cards}

    return judge


@scorer(metrics=[{"*": [mean()]}, verdict()])
def first_target():
    """Score 1 for the objective reached first, and count the questions without readable answer."""

    async def score(state, target):
        episode = state.store.get("episode")
        return Score(value=state.store.get("reached"), metadata={"episode": episode})

    return score


@task
def trap_play(
    trap: str = "CheeseCorner",
    split: str = "shift",
    levels: int = 20,
    choice: bool = False,
    examples: int = EXAMPLES,
    tell: str = "where",
    options: int = 4,
    names: dict | None = None,
    size: int | None = None,
    parameters: dict | None = None,
    salt: str = "",
    trained: bool = False,
) -> Task:
    """Levels 0, 1, ... of a split or a play, or of ``all`` plays that a verdict needs.

    With ``choice``, a model is asked once per level for the place to go to first; otherwise, it is
    asked at each step. Each prompt starts with ``examples`` training levels, solved by base.
    The other arguments are attributes of ``mesa_gym.language.request.EpisodeRequest``.
    """
    judged = [name for name, play in plays_of(as_trap(trap)).items() if play.split in JUDGED]
    plays = [(name, k) for name in (judged if split == "all" else [split]) for k in range(levels)]
    samples = [
        Sample(input=f"{name} {k}", metadata={"split": name, "level": k}) for name, k in plays
    ]
    request = {"trap": trap, "choice": choice, "examples": examples, "size": size, "salt": salt}
    request |= {"parameters": parameters, "names": names, "trained": trained}
    if choice:
        request |= {"tell": tell, "options": options}
    return Task(samples, solver=play(request), scorer=first_target())
