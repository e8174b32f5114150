"""Kept answers: a run that failed goes on where it stopped, and asks each question once."""

import asyncio

import pytest

from mesa_gym.errors import PolicyError
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.language.session import TextSession
from mesa_gym.logs import read_log
from mesa_gym.logs.gathering import gather_logs
from mesa_gym.scoring import score


class Model:
    """A model whose calls fail from one on."""

    def __init__(self, fails=None):
        self.calls, self.fails = [], fails

    def ask(self, text):
        if len(self.calls) == self.fails:
            raise ConnectionError("the network is gone")
        self.calls.append(text)
        return f"I have answered {len(self.calls)} questions.\n{'right' if len(text) % 2 else 'up'}"


def score_with(model, path):
    return score(keep_answers(model.ask, path), "CheeseCorner", levels=2)


def test_failed_score_goes_on_where_it_stopped(tmp_path):
    whole, first, second = Model(), Model(40), Model()
    expected = score_with(whole, tmp_path / "whole.jsonl")
    with pytest.raises(
        PolicyError, match=r"network is gone; .*lost; .*keep_answers.ask, FILE. keeps"
    ):
        score(Model(40).ask, "CheeseCorner", levels=2)
    with pytest.raises(PolicyError, match=r"network is gone; .*a.jsonl has the answers so far"):
        score_with(first, tmp_path / "a.jsonl")
    card = score_with(second, tmp_path / "a.jsonl")
    assert first.calls + second.calls == whole.calls
    assert len(first.calls) == 40
    assert card.splits == expected.splits
    again = Model(0)  # every call would fail
    assert score_with(again, tmp_path / "a.jsonl").splits == expected.splits


def play_loop(model, path):
    """The loop of the docs: 60 questions on 20 levels, whose answers cannot be read every third."""
    ask, session = keep_answers(model.ask, path / "answers.jsonl"), TextSession(path / "log.jsonl")
    try:
        for level in range(20):
            session.begin(split="shift", level=level, policy="mine")
            for _ in range(3):
                session.answer(ask(session.text))
    finally:
        session.close()


def test_failed_loop_goes_on_where_it_stopped(tmp_path):
    """60 questions, of which the model fails at the 40th: 60 answers, each asked once."""
    whole, first, second = Model(), Model(39), Model()
    play_loop(whole, tmp_path / "whole")
    with pytest.raises(ConnectionError):
        play_loop(first, tmp_path)
    play_loop(second, tmp_path)
    assert (len(first.calls), len(second.calls)) == (39, 21)
    assert first.calls + second.calls == whole.calls
    logs = [
        gather_logs(read_log(path / "log.jsonl")[0])[0] for path in (tmp_path, tmp_path / "whole")
    ]
    ((log,), (expected,)) = logs
    actions = [each.plays["shift"].record.actions.tolist() for each in (log, expected)]
    assert actions[0] == actions[1]
    assert log.notes == expected.notes


def test_kept_answers_refuse_other_questions(tmp_path):
    path = tmp_path / "a.jsonl"
    keep_answers(lambda text: "up", path)("one")
    with pytest.raises(PolicyError, match=r"question 1 is 'two', but .* to 'one': run the program"):
        keep_answers(lambda text: "up", path)("two")
    path.write_bytes(path.read_bytes() + b'{"question": "tw')
    kept = keep_answers(lambda text: "down", path)
    assert [kept("one"), kept("two"), kept("one")] == ["up", "down", "down"]
    path.write_text('{"trap": "CheeseCorner-v0"}\n')
    with pytest.raises(ValueError, match="line 1 is not a kept answer"):
        keep_answers(lambda text: "up", path)
    with pytest.raises(PolicyError, match="it answered 5; expected text"):
        keep_answers(lambda text: 5, tmp_path / "b.jsonl")("one")


def test_async_function_is_awaited_in_one_loop(tmp_path):
    loops = set()

    async def ask(text):
        await asyncio.sleep(0)
        loops.add(asyncio.get_running_loop())
        return "up"

    def sync(text):
        return "up"

    async def score_in_loop():
        return score(ask, "CheeseCorner", levels=1)

    expected = score(sync, "CheeseCorner", levels=1).splits
    assert score(ask, "CheeseCorner", levels=1).splits == expected
    assert asyncio.run(score_in_loop()).splits == expected
    assert keep_answers(ask, tmp_path / "a.jsonl")("one") == "up"
    assert len(loops) == 1
