"""The door of a server: foreign pages, tokens, full houses, odd messages and silence."""

import asyncio
import json

import pytest

from mesa_gym.language.door import ROUTES, Door, list_origins
from tests.support.loops import run_coroutine
from tests.support.refusals import refusals

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
    said = (b"{}",) if kind == "http" else ('"me"',)
    return run_coroutine(enter(door, kind, path, extensions, headers, said))


async def enter(door, kind="websocket", path="", extensions=(), headers=(), said=('"me"',)):
    sent, left = [], [{"type": "websocket.receive", "text": text} for text in said]
    if kind == "http":
        left = [{"type": "http.request", "body": x, "more_body": True} for x in said if x]
        left += [] if None in said else [{"type": "http.request"}]
    path = path or ("/reset" if kind == "http" else "/ws")

    async def receive():
        return left.pop(0) if left else await asyncio.get_running_loop().create_future()

    async def send(message):
        sent.append(message)

    given = [(name.encode(), value.encode()) for name, value in dict(headers).items()]
    scope = {"type": kind, "path": path, "headers": given, "extensions": dict.fromkeys(extensions)}
    await door(scope, receive, send)
    return sent


def make_door(**given):
    return Door(echo, **{"sessions": 1, "origins": [OWN], "idle": 0.01, **given})


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


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": OWN},
        {"origin": OWN, "host": "evil.example"},
        {"token": "sesam", "authorization": TOKEN},
    ],
)
def test_door_lets_its_own_pages_in(headers):
    knock(**headers)


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
    ("said", "status"),
    [
        ([b"{}"], 200),
        ([b"x" * (1 << 20)], 200),
        ([b"x" * (1 << 20), b"x"], 413),
        ([b"x", None], 408),  # it never ends
    ],
)
def test_door_limits_bodies_of_requests(path, said, status):
    start, *_ = run_coroutine(enter(make_door(), "http", path, said=said))
    assert start["status"] == status


def test_door_keeps_places_for_waiting_clients():
    """Sixty-four clients leave and come back before the sessions of the first have ended."""

    async def come():
        door = make_door(sessions=64)
        return await asyncio.gather(*(enter(door, said=()) for _ in range(128)))

    for sent in run_coroutine(come()):
        assert sent[-1]["reason"].startswith("no message for 0.01 s")


def test_door_that_is_full_says_so(monkeypatch):
    monkeypatch.setattr("mesa_gym.language.door.FULL_SECONDS", 0)

    async def come():
        door = make_door(sessions=2)
        return await asyncio.gather(*(enter(door, said=()) for _ in range(5))), await enter(door)

    first, later = run_coroutine(come())
    full = [sent for sent in first if sent[-1].get("code") == 1008]
    assert [sent[0]["reason"] for sent in full] == [
        "the server is full: it has 2 sessions; try later"
    ] * 3
    assert later[-1]["reason"].startswith("no message for 0.01 s")


def send(text):
    """Raise the fault in a message; the socket goes on: the next message comes through."""
    good = '{"type": "state"}'
    first, *_, last, closed = run_coroutine(enter(make_door(), said=(text, good)))
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
