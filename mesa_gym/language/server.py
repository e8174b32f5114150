"""An OpenEnv server of traps for language models, with many sessions at once.

``mesa-gym serve`` starts it, and the extra ``openenv`` installs its packages. A client calls reset
with the attributes of ``mesa_gym.language.request.EpisodeRequest`` as keyword arguments.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from mesa_gym.errors import read_error, require_extra
from mesa_gym.json_data import Text, require
from mesa_gym.language.door import IDLE_SECONDS, Door, list_origins
from mesa_gym.language.heads import limit_heads
from mesa_gym.language.session import NOTHING, TextSession

with require_extra("openenv"):
    import uvicorn
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from openenv.core.env_server import (
        Action,
        ConcurrencyConfig,
        Environment,
        Observation,
        State,
        create_app,
    )
    from pydantic import Field, model_validator
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

MOST_SESSIONS = 64
HOST = "127.0.0.1"
PORT = 8000
TOKEN_VARIABLE = "MESA_GYM_TOKEN"


class TrapAction(Action):
    """An answer in a model's own words."""

    action: str = Field(
        description="an action: left, down, right, up or act; of a choice the number of a place;"
        " alone on the last line, behind `answer:` or as JSON"
    )

    @model_validator(mode="before")
    @classmethod
    def read_object(cls, data: object) -> Any:
        """Accept a model's JSON: drop other keys; JSON without an action is itself the answer."""
        if not isinstance(data, dict):
            return data
        if not isinstance(data.get("action"), str):
            return {"action": json.dumps(data)}
        return {name: data[name] for name in cls.model_fields if name in data}


class TrapObservation(Observation):
    """A question to a model, which reveals neither the objectives nor which of them was reached."""

    text: str = Field(description="a map in words, and what to answer")
    expected: str = Field("", description="what an answer names")
    unread: int = Field(0, description="questions that got no answer that could be read")


class TrapState(State):
    """The part of an episode that a scorer needs and a model must not see.

    Attributes:
        reached: the objectives that were paid first, joined by "+"; "nothing" for none.
        unread: how many questions got no answer that could be read.
        episode: what was done, a line of a log for ``mesa-gym score --episodes``.
    """

    reached: str = NOTHING
    unread: int = 0
    episode: dict[str, object] | None = None


class TrapEnvironment(Environment[TrapAction, TrapObservation, TrapState]):
    """A session of a server.

    Args:
        log: a file to which each episode is added; None for none.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, log: str | Path | None = None) -> None:
        super().__init__()
        self._session = TextSession(log)
        self._id: str | None = None

    def reset(
        self, /, seed: int | None = None, episode_id: str | None = None, **arguments: object
    ) -> TrapObservation:
        """Begin an episode; keyword arguments are passed to ``TextSession.begin``."""
        require("episode_id", episode_id, Text | None)
        self._session.begin(seed=seed, **arguments)
        self._id = episode_id
        return self._observe(0.0)

    def step(
        self, /, action: TrapAction, timeout_s: float | None = None, **_: object
    ) -> TrapObservation:
        """Give a model's answer to the episode, and return the next question and the reward."""
        return self._observe(self._session.answer(action.action))

    def _observe(self, reward: float) -> TrapObservation:
        session = self._session
        texts = {"text": session.text, "expected": session.expected, "unread": session.unread}
        return TrapObservation(**texts, reward=reward, done=session.done)

    @property
    def state(self) -> TrapState:
        """The parts of the episode that a scorer reads."""
        session = self._session
        if not session.begun:
            return TrapState()
        episode = session.episode
        return TrapState(
            episode_id=self._id,
            step_count=session.steps,
            reached=session.reached,
            unread=session.unread,
            episode=None if episode is None else msgspec.to_builtins(episode),
        )

    def close(self) -> None:
        """Write the unfinished episodes."""
        self._session.close()


def make_server(
    sessions: int = MOST_SESSIONS,
    log: str | Path | None = None,
    origins: Collection[str] | None = None,
    token: str | None = None,
    idle: float = IDLE_SECONDS,
) -> Door:
    """Return the server, an ASGI application.

    Args:
        sessions: the maximum number of sessions at once.
        log: a file to which each episode is appended; None for no log.
        origins: origins of pages that may send requests; None for pages of this machine's port
            8000.
        token: the token that each request must send as ``Authorization: Bearer TOKEN``, or None.
        idle: seconds without a message after which a session ends.

    Raises:
        ValueError: the token is empty.
    """
    app = create_app(
        lambda: TrapEnvironment(log),
        TrapAction,
        TrapObservation,
        env_name="mesa_gym",
        concurrency_config=ConcurrencyConfig(max_concurrent_envs=sessions, session_timeout=idle),
    )
    for kind in (ValueError, OSError, RequestValidationError):
        app.add_exception_handler(kind, _answer_error)
    allowed = list_origins(HOST, PORT) if origins is None else origins
    return Door(app, sessions, allowed, token, idle)


def _answer_error(request: object, error: Exception) -> JSONResponse:
    """Return the HTTP response to a failed request: a sentence, as JSON."""
    detail = read_error(error)
    if isinstance(error, RequestValidationError):
        detail = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
    return JSONResponse({"detail": detail}, 500 if isinstance(error, OSError) else 422)


def serve(app: Door, host: str, port: int) -> None:
    """Run a server until it is interrupted."""
    uvicorn.run(app, host=host, port=port, http=limit_heads(AutoHTTPProtocol))


# The manifest openenv.yaml refers to this name.
app = make_server(token=os.environ.get(TOKEN_VARIABLE))
