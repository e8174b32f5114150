"""Sessions of language models: questions, effects of answers, places, and a server's door."""

import asyncio
import copy
import gc
import json
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine import ACTIONS, STAY
from mesa_gym.language.door import ROUTES, Door, list_origins
from mesa_gym.language.session import ONE_MOVE, TextSession, TrapTools
from mesa_gym.logs import read_log, score_logs
from mesa_gym.policies.answers import ACTION_ASKED, ASKED_AGAIN
from mesa_gym.scoring.card_text import ZERO_SHOT
from mesa_gym.traps import find_trap
from tests.support.loops import run_coroutine
from tests.support.parameters import thorough
from tests.support.refusals import refusals

TRAP, LEVELS = find_trap("CheeseCorner")(), 8
SENTENCES = ("The way is free.\n\n{}", "{}", "<think>Or left?</think>**{}**")


def test_session_seed_draws_level_of_environment():
    env = gym.make("MesaGym/CheeseCorner-v0", split="shift", observation="text")
    for seed in range(3):
        obs, _ = env.reset(seed=seed)
        assert TextSession().begin(split="shift", seed=seed) == f"{obs}\n{ACTION_ASKED}"


def test_session_of_twins_has_other_texts():
    assert TextSession().begin(level=3, split="twins", trap="CheeseDish") != TextSession().begin(
        level=3, split="shift", trap="CheeseDish"
    )


def test_session_texts_reveal_no_goal():
    session = TextSession()
    texts = [session.begin(trap="CheeseDish", split="shift", level=0, examples=2)]
    for t, action in enumerate([0, 0, 3, 3, 1, 1, 2, 2] * 8):
        if not session.done:
            session.answer(SENTENCES[t % 3].format(ACTIONS[action]))
            texts.append(session.text)
    assert session.reached in ("cheese", "dish", "cheese+dish", "nothing")
    assert find_trap("CheeseDish")().objectives.keys() == set(session.objectives)
    assert not any(word in text for word in ("reached", "base", "proxy") for text in texts)
    assert texts[0].count("\naction: ") > 2
    assert {text.count("\naction: ") for text in texts[:-1]} == {texts[0].count("\naction: ")}


@pytest.mark.parametrize("objective", ["chests", "keys"])
def test_choice_names_place_of_first_payment(objective):
    """Of an objective that is paid several times in an episode."""
    session, env = TextSession(), gym.make("MesaGym/KeysChests-Shift-v0")
    session.begin(trap="KeysChests", split="shift", level=0, choice=True)
    number = session.question.find(objective)
    session.answer(str(number))
    env.reset(options={"level": 0})
    cells = []
    for action in session.episode.actions:
        info = env.step(action)[4]
        if mesa_gym.objectives(info)[objective] > 0:
            cells.append(int(env.unwrapped.state.agent))
    row, column = divmod(cells[0], env.unwrapped.trap.width)
    assert session.question.places[number - 1] == f"row {row}, column {column}"
    assert len({*cells}) > 1


@pytest.mark.parametrize("choice", [True, False])
def test_examples_are_never_the_tested_level(choice):
    """Nor any other that a card of usual size has of train."""

    def list_shown(level):
        session = TextSession()
        question = session.begin(level=level, examples=3, choice=choice)
        *solved, last = question.split("map, a line for each row")[1:]
        maps = [text.partition("signs:")[0] for text in solved]
        return maps, last.partition("signs:")[0]

    last = [list_shown(level)[1] for level in (0, 1, 2, 999)]
    for level in (0, 1000, 1002):
        maps, own_map = list_shown(level)
        assert not {*maps} & {*last, own_map}
        assert len({*maps}) >= 3


def test_log_has_the_number_of_examples(tmp_path):
    session = TextSession(tmp_path / "log.jsonl")
    for level, examples in enumerate((0, 3)):
        session.begin(level=level, examples=examples, policy="mine")
        session.answer("up")
        assert session.episode.examples == examples
        session.close()
    episodes, _ = read_log(tmp_path / "log.jsonl")
    assert [episode.examples for episode in episodes] == [0, 3]
    notes = [score_logs(part)[0][0].log.notes[0] for part in (episodes, episodes[:1], episodes[1:])]
    counts = ["0 to 3.", "3."]
    assert [notes[0], notes[2]] == [f"Solved examples in each question: {x}" for x in counts]
    assert notes[1] == ZERO_SHOT


def test_model_called_model_is_logged(tmp_path):
    """A name that equals the default one is a name; a missing name is refused."""
    session = TextSession(tmp_path / "log.jsonl")
    session.begin(level=0, policy="model")
    session.answer("up")
    session.close()
    assert read_log(tmp_path / "log.jsonl")[0][0].policy == "model"
    for row in ({}, {"policy": None}, {"policy": float("nan")}):
        with pytest.raises(ValueError, match="its request names no model"):
            session.begin(level=0, **row)


@pytest.mark.parametrize("answer", ["Do not move down.", "", None, 3, ["down"], {"act": "down"}])
@pytest.mark.parametrize("choice", [False, True])
def test_unread_answer_is_asked_again_once(answer, choice):
    session = TextSession()
    before = session.begin(seed=0, choice=choice)
    assert session.answer(answer) == 0
    expected = "1 or 2 or 3 or 4" if choice else "left or down or right or up or act"
    assert session.text == f"{before}\n{ASKED_AGAIN} Expected: {expected}."
    assert (session.unread, session.steps, session.done, session.episode) == (0, 1, False, None)
    session.answer(answer)
    assert (session.unread, session.steps, session.done) == (1, 2, choice)
    assert {*session.episode.actions} == {STAY}
    assert (session.text, session.reached) == ("" if choice else before, "nothing")


def test_answer_after_the_repetition_is_taken():
    session, direct = TextSession(), TextSession()
    for talk, answers in ((session, ("I go left", "left")), (direct, ("left",))):
        talk.begin(seed=0)
        for answer in answers:
            talk.answer(answer)
    assert (session.text, session.unread) == (direct.text, 0)
    session.answer("Hm.")  # the next question has a repetition of its own
    assert session.unread == 0


@pytest.mark.parametrize(
    "row",
    [
        {"level": 3.0, "seed": None, "examples": float("nan")},
        {"level": np.float64(3), "seed": float("nan"), "examples": np.int64(0)},
        {"level": np.int32(3), "choice": np.bool_(False), "policy": None},
    ],
)
def test_row_of_a_table_begins_an_episode(row):
    expected = TextSession().begin(level=3)
    assert TextSession().begin(**row) == expected
    assert TrapTools().reset(**row, prompt=[], index=7) == expected


def begin_beside(**request):
    """Raise the error of a bad request, on a session without an episode and beside one."""
    session = TextSession("log.jsonl")
    with pytest.raises(ValueError) as alone:  # noqa: PT011
        session.begin(**{"policy": "mine"} | request)
    before = session.begin(seed=0, policy="mine")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        session.begin(**{"policy": "mine"} | request)
    assert str(caught.value) == f"{alone.value}; the episode that was begun before goes on"
    session.answer("left")
    assert (session.steps, session.text != "", Path("log.jsonl").exists()) == (1, True, False)
    session.begin(seed=1, policy="mine")
    ((episode,), notes) = read_log("log.jsonl")
    assert (episode.actions, episode.said, notes) == ([0], ["left"], [])
    assert session.text != before
    raise alone.value


test_failed_begin_keeps_the_old = refusals("language", "begin", globals())


def test_session_of_a_full_disk_refuses_resets(tmp_path, monkeypatch):
    """The last step has its reward; the line is written when there is place, and none is lost."""

    def full(path, line):
        raise OSError(28, "No space left on device", str(path))

    session = TextSession(tmp_path / "log.jsonl")
    session.begin(seed=0, choice=True, policy="mine")
    with monkeypatch.context() as patch:
        patch.setattr("mesa_gym.logs.recorder.append_line", full)
        assert (session.answer("1"), session.done) == (session.total, True)
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                session.begin(seed=1, policy="mine")
            with pytest.raises(ValueError, match="no episode is in progress"):
                session.answer("1")
    ended = session.episode.actions
    session.begin(seed=1, policy="mine")
    session.answer("left")
    session.close()
    assert [x.actions for x in read_log(tmp_path / "log.jsonl")[0]] == [ended, [0]]


def test_tools_are_methods_that_return_text():
    """Like TRL's trainer: a row resets, public methods are tools, the reward is read."""
    tools, over = TrapTools(), "The episode is over."
    row = {"prompt": [], "trap": "CheeseCorner", "split": "train", "level": 0, "seed": None}
    assert tools.reset(**row) == tools.look()
    public = [name for name in dir(tools) if not name.startswith("_")]
    assert public == ["get_reward", "look", "move", "reset"]
    while (text := tools.move("left")) == tools.look():
        assert tools.get_reward() == 0
    assert tools._session.done
    assert text == tools.move("left") == over
    assert "Which place do you go to first?" in tools.reset(level=0.0, choice=True)
    assert tools.move("1") == over


def play_at_once(level, choice=False):
    """Return what four threads were answered to the moves of one message, and the session."""
    tools = TrapTools()
    tools.reset(trap="CheeseCorner", split="shift", level=level, choice=choice)
    session, moves = tools._session, ("1", "2") if choice else ("up", "left", "down", "right")
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(tools.move, move) for move in moves * 2]
        looks = [pool.submit(tools.look), pool.submit(tools.get_reward)]
        answers = [call.result() for call in calls]
        assert looks[0].result() != ONE_MOVE
        assert looks[1].result() in (0.0, 1.0)
    return answers, session


@pytest.mark.parametrize(
    ("episodes", "choice"), [(8, False), thorough(300, False), thorough(8, True)]
)
def test_moves_at_once_are_played_or_refused(episodes, choice):
    """Each answered move is one action of the episode; a refused move is none."""
    for level in range(episodes):
        answers, session = play_at_once(level, choice)
        over = answers.count("The episode is over.")
        played = [x for x in answers if x not in (ONE_MOVE, "The episode is over.")]
        if choice:
            assert (session.steps, session.done, played) == (1, True, [])
        else:
            # The move that ends the episode is answered like moves behind the end.
            ended = session.done and len(session.episode.actions) - len(played)
            assert session.steps == len(session.episode.actions) == len(played) + ended
            assert (over > 0, ended) == (session.done, session.done)


def test_move_within_a_move_changes_nothing(monkeypatch):
    tools, inside, free = TrapTools(), Event(), Event()
    tools.reset(trap="CheeseCorner", level=0)
    session = tools._session
    env = session._playing.env
    step = env.step

    def wait(action):
        inside.set()
        assert free.wait(60)
        return step(action)

    monkeypatch.setattr(env, "step", wait)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(tools.move, "left")
        assert inside.wait(60)
        before = (session.text, session.steps, session.unread)
        assert [tools.move("right"), tools.move("Hm.")] == [ONE_MOVE] * 2
        assert (session.text, session.steps, session.unread) == before
        free.set()
        text = first.result()
    assert text == tools.look() != ONE_MOVE
    assert session.episode.actions == [0]
    assert "one move at a time" in ONE_MOVE
    assert tools.move("right") != ONE_MOVE


def test_move_in_a_thread_awaits_other_calls(monkeypatch):
    """Otherwise it could end before they arrive, and they would be played in another order."""
    tools, waiting, free, waits = TrapTools(), Event(), Event(), []

    def wait(seconds):
        waits.append(seconds)
        waiting.set()
        assert free.wait(60)

    monkeypatch.setattr("mesa_gym.language.session.sleep", wait)
    tools.reset(trap="CheeseCorner", level=0)
    tools.move("up")
    assert waits == []  # a trainer's own thread plays one move after another
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(tools.move, "left")
        assert waiting.wait(60)
        moves = [pool.submit(tools.move, "right") for _ in range(3)]
        assert [move.result() for move in moves] == [ONE_MOVE] * 3
        free.set()
        assert first.result() != ONE_MOVE
    assert (tools._session.episode.actions, len(waits)) == ([3, 0], 1)


def test_session_answers_threads_in_turn():
    """A caller who asks a session itself waits; the end of an episode is said in words."""
    session = TextSession()
    session.begin(trap="CheeseCorner", level=0)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(session.answer, "act") for _ in range(80)]
    errors = [call.exception() for call in calls if call.exception()]
    assert len(session.episode.actions) == 80 - len(errors) == session.steps
    assert {str(error) for error in errors} == {"no episode is in progress; begin one"}


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copied_session_has_its_own_lock(copied):
    session = TextSession()
    session.begin(level=0)
    with session.lock, ThreadPoolExecutor(1) as pool:
        twin = copied(session)
        pool.submit(twin.answer, "act").result()
    assert (twin.steps, session.steps) == (1, 0)


@pytest.mark.thorough
@pytest.mark.parametrize("choice", [False, True])
def test_session_keeps_no_earlier_episode(choice):
    """A server's memory does not grow with the episodes that were played."""
    session = TextSession()
    session.begin(split="shift", level=0, choice=choice)
    episode = weakref.ref(session._playing if choice else session._playing.env.unwrapped)
    session.answer("1" if choice else "up")
    session.begin(split="shift", level=1, choice=choice)
    gc.collect()
    assert episode() is None


# -- the door: foreign pages, tokens, full houses, silence -----------------------------------------
OWN = "http://127.0.0.1:8000"
TOKEN = "Bearer sesam"


async def echo(scope, receive, send):
    """Answer a request, or each message of a socket with its text."""
    if scope["type"] == "http":
        return await send({"type": "http.response.start", "status": 200})
    while (message := await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": message["text"]})


def visit(door, kind="websocket", path="", extensions=("websocket.http.response",), **headers):
    """Return what a visitor is sent who says his name, in JSON, and then nothing."""
    bodies = (b"{}",) if kind == "http" else ('"me"',)
    return run_coroutine(enter(door, kind, path, extensions, headers, bodies))


async def enter(door, kind="websocket", path="", extensions=(), headers=(), bodies=('"me"',)):
    sent, left = [], [{"type": "websocket.receive", "text": text} for text in bodies]
    if kind == "http":
        left = [{"type": "http.request", "body": x, "more_body": True} for x in bodies if x]
        left += [] if None in bodies else [{"type": "http.request"}]
    path = path or ("/reset" if kind == "http" else "/ws")

    async def receive():
        return left.pop(0) if left else await asyncio.get_running_loop().create_future()

    async def send(message):
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in dict(headers).items()]
    scope = {"type": kind, "path": path, "headers": pairs, "extensions": dict.fromkeys(extensions)}
    await door(scope, receive, send)
    return sent


def make_door(**keywords):
    return Door(echo, **{"sessions": 1, "origins": [OWN], "idle": 0.01, **keywords})


def knock(path="", token=None, **headers):
    """Visit by HTTP and by a socket; raise the status and the reason of refusals."""
    reasons = set()
    for kind in ("http", "websocket"):
        sent = visit(make_door(token=token), kind, path, **headers)
        status = sent[0].get("status", 200)
        reasons.add("" if status == 200 else f"{status} {json.loads(sent[-1]['body'])['detail']}")
    if reasons != {""}:
        raise PermissionError(" | ".join(sorted(reasons)))


test_door_refuses_pages_of_others = refusals("language", "door", globals())


def test_door_lets_its_own_pages_in():
    knock()
    knock(origin=OWN)
    knock(origin=OWN, host="evil.example")
    knock(token="sesam", authorization=TOKEN)


def test_door_without_http_answers_closes():
    (closed,) = visit(make_door(), extensions=(), origin="null")
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_door_lets_listed_routes_in_alone(kind):
    """A socket's route is none of HTTP's, and no other spelling of a route is let in."""
    for path in {*ROUTES["http"], *ROUTES["websocket"]}:
        for spelling in (path, path + "/", path.upper(), "/" + path, path[1:], path + "%2e"):
            allowed = spelling in ROUTES[kind]
            assert (visit(make_door(), kind, spelling)[0].get("status") == 404) != allowed


@pytest.mark.parametrize("path", ROUTES["http"])
@pytest.mark.parametrize(
    ("bodies", "status"),
    [
        ([b"{}"], 200),
        ([b"x" * (1 << 20)], 200),
        ([b"x" * (1 << 20), b"x"], 413),
        ([b"x", None], 408),  # it never ends
    ],
)
def test_door_limits_bodies_of_requests(path, bodies, status):
    start, *_ = run_coroutine(enter(make_door(), "http", path, bodies=bodies))
    assert start["status"] == status


def test_door_keeps_places_for_waiting_clients():
    """Sixty-four clients leave and come back before the sessions of the first have ended."""

    async def come():
        door = make_door(sessions=64)
        return await asyncio.gather(*(enter(door, bodies=()) for _ in range(128)))

    for sent in run_coroutine(come()):
        assert sent[-1]["reason"].startswith("no message for 0.01 s")


def test_door_that_is_full_says_so(monkeypatch):
    monkeypatch.setattr("mesa_gym.language.door.FULL_SECONDS", 0)

    async def come():
        door = make_door(sessions=2)
        return await asyncio.gather(*(enter(door, bodies=()) for _ in range(5))), await enter(door)

    first, later = run_coroutine(come())
    full = [sent for sent in first if sent[-1].get("code") == 1008]
    reasons = [sent[0]["reason"] for sent in full]
    assert reasons == ["the server is full: it has 2 sessions; try later"] * 3
    assert later[-1]["reason"].startswith("no message for 0.01 s")


def send(text):
    """Raise the fault in a message; the socket goes on: the next message comes through."""
    good = '{"type": "state"}'
    first, *_, last, closed = run_coroutine(enter(make_door(), bodies=(text, good)))
    assert (last["text"], closed["type"]) == (good, "websocket.close")
    if first["text"] != text:
        error = json.loads(first["text"])
        assert (error["type"], error["data"]["code"]) == ("error", "VALIDATION_ERROR")
        assert len(first["text"]) < 600
        raise ValueError(error["data"]["message"])


test_door_answers_odd_messages = refusals("language", "messages", globals())


def test_door_passes_valid_messages_on():
    send('{"type": "reset", "data": {"seed": 1}}')
    send('{"type": "reset"}')
    send('{"type": "reset"}'.ljust(1 << 20))
    send('{"type": "step", "data": {"action": "up"}}')


def test_origins_are_those_of_the_server():
    here = {f"http://{name}:8000" for name in ("localhost", "127.0.0.1", "[::1]")}
    assert list_origins("127.0.0.1", 8000) == list_origins("::1", 8000) == here
    assert list_origins("0.0.0.0", 8000) == here | {"http://0.0.0.0:8000"}
    assert list_origins("box.lan", 80) == {"http://box.lan"}
