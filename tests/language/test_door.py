"""The door of a server: foreign pages, tokens, full houses, odd messages and silence."""

import asyncio
import json

import pytest

from mesa_gym.language.door import ROUTES, Door, list_origins

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
    return asyncio.run(enter(door, kind, path, extensions, headers, said))


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


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, ""),
        ({"origin": OWN}, ""),
        ({"origin": "http://evil.example"}, "pages of 'http://evil.example' are refused"),
        ({"origin": "null"}, "pages of 'null' are refused"),
        ({"origin": OWN.replace("8000", "3000")}, "are refused; `mesa-gym serve --origin` allows"),
        ({"origin": f"{OWN}.evil.example"}, "are refused"),
        ({"origin": OWN, "host": "evil.example"}, ""),
        ({"origin": "http://evil.example:8000", "host": "evil.example:8000"}, "are refused"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_door_refuses_pages_of_others(headers, refused, kind):
    sent = visit(make_door(), kind, **headers)
    assert (sent[0].get("status") == 403) == bool(refused)
    assert refused in repr(sent).replace("\\'", "'")


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_door_with_a_token_asks(kind):
    for given in ({}, {"authorization": "sesam"}, {"authorization": TOKEN + "x"}):
        start, body = visit(make_door(token="sesam"), kind, **given)
        assert start["status"] == 401
        assert b"asks for a token" in body["body"]
    assert "status" not in visit(make_door(token="sesam"), authorization=TOKEN)[0]


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
    for path in ("/mcp", "/harness", "/docs", "/openapi.json", "/list_environments", "/", ""):
        start, body = visit(make_door(), kind, path or " ")
        assert start["status"] == 404
        assert b"is not served; expected" in body["body"]
    assert visit(make_door(token="sesam"), kind, "/mcp")[0]["status"] == 401


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
    start, *_ = asyncio.run(enter(make_door(), "http", path, said=said))
    assert start["status"] == status


@pytest.mark.parametrize("token", ["", " ", "\n"])
def test_door_refuses_empty_tokens(token):
    with pytest.raises(ValueError, match="the token is empty, as that of an unset variable is"):
        make_door(token=token)


def test_door_keeps_places_for_waiting_clients():
    """Sixty-four clients leave and come back before the sessions of the first have ended."""

    async def come():
        door = make_door(sessions=64)
        return await asyncio.gather(*(enter(door, said=()) for _ in range(128)))

    for sent in asyncio.run(come()):
        assert sent[-1]["reason"].startswith("no message for 0.01 s")


def test_door_that_is_full_says_so(monkeypatch):
    monkeypatch.setattr("mesa_gym.language.door.FULL_SECONDS", 0)

    async def come():
        door = make_door(sessions=2)
        return await asyncio.gather(*(enter(door, said=()) for _ in range(5))), await enter(door)

    first, later = asyncio.run(come())
    full = [sent for sent in first if sent[-1].get("code") == 1008]
    assert [sent[0]["reason"] for sent in full] == [
        "the server is full: it has 2 sessions; try later"
    ] * 3
    assert later[-1]["reason"].startswith("no message for 0.01 s")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"type": "reset", "data": {"seed": 1}}', ""),
        ('{"type": "reset"}', ""),
        ('{"type": "reset"}'.ljust(1 << 20), ""),
        ('{"type": "step", "data": {"action": "up"}}', ""),
        ('{"type": "step"}', "a step without data"),
        ("[]", "Expected `object`, got `array`"),
        ("5", "Expected `object`, got `int`"),
        ("{", "truncated"),
        ("[" * 100_000, "cannot be read"),
        ('{"type": "reset", "data": 5}', "Expected `object`, got `int`"),
        ('{"type": "mcp", "data": {}}', "Invalid enum value 'mcp'"),
        ('{"type": "evil"}', "Invalid enum value 'evil'"),
        ('{"type": "reset", "data": {"seed": NaN}}', "cannot be read"),
        ('{"type": "reset", "more": 1}', "unknown field `more`"),
        ("x" * (1 << 21), "a message of 2,097,152 characters; it may have 1,048,576"),
        (None, "a message of bytes; expected text"),
    ],
)
def test_door_answers_odd_messages(text, fault):
    """A fault is told and the socket goes on: the next message comes through."""
    good = '{"type": "state"}'
    first, *_, last, closed = asyncio.run(enter(make_door(), said=(text, good)))
    assert (last["text"], closed["type"]) == (good, "websocket.close")
    if fault:
        told = json.loads(first["text"])
        assert (told["type"], told["data"]["code"]) == ("error", "VALIDATION_ERROR")
        assert fault in told["data"]["message"]
        assert len(first["text"]) < 600
    else:
        assert first["text"] == text


def test_origins_are_those_of_the_server():
    here = {f"http://{name}:8000" for name in ("localhost", "127.0.0.1", "[::1]")}
    assert list_origins("127.0.0.1", 8000) == list_origins("::1", 8000) == here
    assert list_origins("0.0.0.0", 8000) == here | {"http://0.0.0.0:8000"}
    assert list_origins("box.lan", 80) == {"http://box.lan"}
