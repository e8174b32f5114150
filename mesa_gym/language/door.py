"""ASGI middleware: checks route, origin and token, validates messages, closes idle sockets.

Any web page in a browser can send requests to this machine. The browser sends the page's origin, so
that foreign pages can be refused. Programs send no origin and are allowed.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from mesa_gym.errors import shorten
from mesa_gym.json_data import decode_json

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# The allowed routes by the type of a request; other routes get 404.
ROUTES = {
    "http": ("/reset", "/step", "/state", "/health", "/schema", "/metadata"),
    "websocket": ("/ws",),
}
MOST_TEXT = 1 << 20  # characters or bytes of a message; a model's answer has a few thousand
IDLE_SECONDS = 3600.0
BODY_SECONDS = 60.0
FULL_SECONDS = 5.0  # for which a client waits for a free session; sessions may end with a delay
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
AWAY = 1001  # the close code of a WebSocket that the server closes


class _Told(Struct, forbid_unknown_fields=True):
    """A message of a client."""

    type: Literal["reset", "step", "state", "close"]
    data: dict[str, object] | UnsetType = UNSET


def list_origins(host: str, port: int) -> set[str]:
    """Return the origins of a server's own pages, by its host and port."""
    address = f"[{host}]" if ":" in host else host
    here = host in ("0.0.0.0", "::") or address in LOOPBACK
    end = "" if port == 80 else f":{port}"
    return {f"http://{name}{end}" for name in (address, *(LOOPBACK if here else ()))}


class Door:
    """ASGI middleware that refuses invalid requests before they reach an application.

    Args:
        app: the application to protect.
        sessions: the maximum number of simultaneous WebSocket sessions.
        origins: origins of pages that may send requests, such as ``http://localhost:8000``.
        token: the token that each request must send as ``Authorization: Bearer TOKEN``, or None.
        idle: seconds without a message after which a socket is closed. The body of a request must
            arrive within these seconds as well, and within ``BODY_SECONDS``.

    Raises:
        ValueError: the token is empty, such as the value of an unset variable.
    """

    def __init__(
        self,
        app: App,
        sessions: int,
        origins: Collection[str] = (),
        token: str | None = None,
        idle: float = IDLE_SECONDS,
    ) -> None:
        require_token(token)
        self.app, self.sessions, self.places = app, sessions, asyncio.Semaphore(sessions)
        self.origins, self.token, self.idle = origins, token, idle
        self.body_seconds = min(idle, BODY_SECONDS)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a reason."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if (refusal := self._find_refusal(scope)) is not None:
            return await _refuse(scope, send, *refusal)
        if scope["type"] == "http":
            return await self._pass_request(scope, receive, send)
        try:
            async with asyncio.timeout(FULL_SECONDS):
                await self.places.acquire()
        except TimeoutError:
            reason = f"the server is full: it has {self.sessions} sessions; try later"
            return await _refuse(scope, send, 503, reason)
        try:
            await self.app(scope, self._listen(receive, send), send)
        finally:
            self.places.release()
        return None

    async def _pass_request(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on an HTTP request if its body arrives in time and is not too long."""
        body, message = bytearray(), Message(more_body=True)
        try:
            async with asyncio.timeout(self.body_seconds):
                while message.get("more_body"):
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > MOST_TEXT:
                        reason = f"the request has a body of over {MOST_TEXT:,} bytes"
                        return await _refuse(scope, send, 413, reason)
        except TimeoutError:
            return await _refuse(scope, send, 408, f"the request took over {self.body_seconds:g} s")
        messages = [{"type": "http.request", "body": bytes(body)}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        return await self.app(scope, replay, send)

    def _listen(self, receive: Receive, send: Send) -> Receive:
        """Return a receive function that passes on only the valid messages of a socket."""

        async def listen() -> Message:
            while True:
                try:
                    message = await asyncio.wait_for(receive(), self.idle)
                except TimeoutError:
                    reason = f"no message for {self.idle:g} s; connect again"
                    await send({"type": "websocket.close", "code": AWAY, "reason": reason})
                    return {"type": "websocket.disconnect", "code": AWAY, "reason": reason}
                if not (fault := find_fault(message)):
                    return message
                error = {"message": fault, "code": "VALIDATION_ERROR"}
                reply = json.dumps({"type": "error", "data": error})
                await send({"type": "websocket.send", "text": reply})

        return listen

    def _find_refusal(self, scope: Message) -> tuple[int, str] | None:
        """Return the HTTP status and reason of a refusal; None if the request is allowed."""
        headers = dict(scope["headers"])
        if (origin_header := headers.get(b"origin")) is not None:
            origin = origin_header.decode("latin-1")
            if origin not in self.origins:
                reason = f"pages of {shorten(origin)} are refused"
                return 403, f"{reason}; `mesa-gym serve --origin` allows an origin"
        credentials = headers.get(b"authorization", b"")
        if self.token and not hmac.compare_digest(credentials, f"Bearer {self.token}".encode()):
            return 401, "this server requires a token; send `Authorization: Bearer TOKEN`"
        routes = ROUTES.get(scope["type"], ())
        if scope["path"] not in routes:
            return 404, f"{shorten(scope['path'])} is not served; expected {' or '.join(routes)}"
        return None


def require_token(token: str | None) -> None:
    """Raise ValueError for an empty token, such as the value of an unset variable."""
    if token is not None and not token.strip():
        raise ValueError(
            "the token is empty (is its variable unset?), and would admit every client; give a"
            " token, or leave out both --token and MESA_GYM_TOKEN to serve without a token"
        )


def find_fault(message: Message) -> str:
    """Return a sentence about the fault of a session message; "" if the message is valid."""
    if message["type"] != "websocket.receive":
        return ""
    text = message.get("text")
    if text is None:
        return 'the message is bytes; expected text, such as {"type": "reset", "data": {}}'
    if len(text) > MOST_TEXT:
        return f"the message has {len(text):,} characters; expected at most {MOST_TEXT:,}"
    try:
        parsed = decode_json(text, _Told)
    except ValueError as error:
        return f"the message {shorten(text)} cannot be read: {error}"
    if parsed.type == "step" and parsed.data is UNSET:
        return 'a step needs data, such as {"type": "step", "data": {"action": "up"}}'
    return ""


async def _refuse(scope: Message, send: Send, status: int, reason: str) -> None:
    """Answer a request with a status and a reason, as JSON."""
    kind = "http"
    if scope["type"] == "websocket":
        kind = "websocket.http"
        if f"{kind}.response" not in scope.get("extensions", {}):
            return await send({"type": "websocket.close", "code": 1008, "reason": reason})
    body = json.dumps({"detail": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start = {"type": f"{kind}.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": f"{kind}.response.body", "body": body})
    return None
