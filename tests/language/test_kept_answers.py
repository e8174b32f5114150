"""Answers that are kept in a file, of functions that are asked several questions at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from mesa_gym.errors import PolicyError
from mesa_gym.language import score_choices
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.language.session import TextSession
from mesa_gym.policies import functions
from tests.support.loops import run_coroutine
from tests.support.slow_models import SlowModel

TRAP, LEVELS = "CheeseDish", 3


def test_kept_answers_serve_several_loops(tmp_path):
    """Threads with loops of their own share a file: each question has its answer, asked once."""
    questions, parts = [], [[f"{part} {number}" for number in range(10)] for part in "abcd"]

    async def ask(text):
        questions.append(text)
        await asyncio.sleep(0)
        return text.upper()

    def ask_in_loop(texts):
        async def ask_all():
            return await asyncio.gather(*map(kept, texts))

        return asyncio.run(ask_all())

    for _ in range(2):
        kept = keep_answers(ask, tmp_path / "a.jsonl")
        with ThreadPoolExecutor(4) as pool:
            answers = [*pool.map(ask_in_loop, parts)]
        assert answers == [[text.upper() for text in texts] for texts in parts]
    assert sorted(questions) == sorted(text for texts in parts for text in texts)


@pytest.mark.parametrize("is_async", [False, True])
def test_repeated_question_keeps_each_answer(is_async, tmp_path):
    replies = []

    def ask(text):
        replies.append(f"{text} {len(replies)}")
        return replies[-1]

    async def ask_later(text):
        return ask(text)

    async def ask_in_turn(*texts):
        kept = keep_answers(ask_later if is_async else ask, tmp_path / "a.jsonl")
        return [await kept(text) if is_async else kept(text) for text in texts]

    first = run_coroutine(ask_in_turn("a", "b", "a"))
    assert first == replies == ["a 0", "b 1", "a 2"]
    assert run_coroutine(ask_in_turn("a", "a", "b", "a")) == ["a 0", "a 2", "b 1", "a 3"]


def test_session_refuses_answer_not_awaited():
    session = TextSession()
    session.begin(split="shift", level=0)
    with pytest.raises(PolicyError, match=r"a coroutine, not a text; await it: session"):
        session.answer(SlowModel(1)(session.text))
    assert (session.steps, session.unread) == (0, 0)


@pytest.mark.thorough
def test_asynchronous_function_of_whole_plays_is_awaited():
    model = SlowModel(8, 1)

    async def answer_all(questions):
        return await asyncio.gather(*(model(question.text) for question in questions))

    expected = score_choices(TRAP, lambda questions: [1] * len(questions), LEVELS)
    assert score_choices(TRAP, answer_all, LEVELS) == expected
    assert model.most == LEVELS


def name_up(text):
    return f"up {text}"


def name_down(text):
    return f"down {text}"


def test_kept_answers_of_several_writers_stay_readable(tmp_path):
    """Functions that found no file each name the model, and another model may not."""
    path, texts = tmp_path / "a.jsonl", [f"{number}" for number in range(8)]
    keepers = [keep_answers(name_up, path) for _ in texts]
    other, calls = keep_answers(lambda text: calls.append(text), path, "another model"), []
    with ThreadPoolExecutor(len(texts)) as pool:
        answers = [*pool.map(lambda keeper, text: keeper(text), keepers, texts)]
    assert answers == [f"up {text}" for text in texts]
    with pytest.raises(ValueError, match="has answers of the model 'name_up', and the model is no"):
        other("a")
    assert calls == []
    again = keep_answers(name_down, path, "name_up")
    assert [again(text) for text in texts] == answers
    assert len(path.read_bytes().splitlines()) == 1 + len(texts)


def test_kept_answers_joined_by_hand_are_read(tmp_path):
    """Files of one model may be joined; each names the model."""
    paths = [tmp_path / name for name in "abc"]
    for path in paths[:2]:
        keep_answers(name_up, path)(path.name)
    paths[2].write_bytes(paths[0].read_bytes() + paths[1].read_bytes())
    kept = keep_answers(name_down, paths[2], "name_up")
    assert [kept(text) for text in "abc"] == ["up a", "up b", "down c"]
    keep_answers(name_down, tmp_path / "d")("d")
    paths[2].write_bytes(paths[0].read_bytes() + (tmp_path / "d").read_bytes())
    with pytest.raises(ValueError, match="'name_down', and the model is now 'name_up'"):
        keep_answers(name_up, paths[2])


def test_deleted_file_of_answers_begins_anew(tmp_path):
    path = tmp_path / "a.jsonl"
    kept = keep_answers(name_up, path)
    kept("a")
    path.unlink()
    kept("b")
    again = keep_answers(name_down, path, "name_up")
    assert [again(text) for text in "ba"] == ["up b", "down a"]


def test_file_of_answers_is_tried_before_asking(tmp_path):
    """A file that cannot be written costs no question."""
    texts = []
    kept = keep_answers(lambda text: texts.append(text), tmp_path / "file" / "a.jsonl", "m")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        kept("a")
    assert texts == []


@pytest.mark.thorough
def test_many_kept_answers_are_found_by_question(tmp_path):
    """The search does not grow with the square of the answers, which would take hours here."""
    path, numbers = tmp_path / "a.jsonl", range(100_000)
    lines = ['{"model":"up"}', *(f'{{"question":"{n}","answer":"{n}"}}' for n in numbers)]
    path.write_text("\n".join(lines) + "\n")
    kept = keep_answers(lambda text: "new", path, "up")
    assert [kept(f"{n}") for n in reversed(numbers)] == [f"{n}" for n in reversed(numbers)]
    assert kept("0") == "new"


def test_replaced_file_gets_no_answer(tmp_path):
    path, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    ask = keep_answers(lambda text: "up", path, model="m")
    ask("a")
    keep_answers(lambda text: "up", other, model="n")("a")
    replaced = other.replace(path).read_bytes()
    with pytest.raises(ValueError, match="has answers of the model 'n', and the model is now 'm'"):
        ask("b")
    assert path.read_bytes() == replaced


def test_failed_call_keeps_open_answers(tmp_path):
    texts = []

    async def model(text):
        texts.append(text)
        for _ in texts[:]:  # later calls end later
            await asyncio.sleep(0)
        if text == "e":
            raise RuntimeError
        return "up"

    path = tmp_path / "a.jsonl"
    ask = keep_answers(model, path, model="m")
    with pytest.raises(RuntimeError):
        functions._ask_all(ask, list("abcdefgh"))
    assert len(path.read_text().splitlines()) == len(texts)  # the model's name, and one less
