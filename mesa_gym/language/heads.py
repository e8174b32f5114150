"""Connections without a request, or with a huge head: a server closes them.

Headers come before routes and tokens, so a client needs no token for a connection, and the server's
own timeouts begin with the first complete request.
"""

from __future__ import annotations

import asyncio
from typing import Any

MOST_HEAD = 1 << 16  # bytes of the headers of a request
HEAD_SECONDS = 10.0  # within which the headers of a request must arrive


def limit_heads(protocol: type[Any], seconds: float = HEAD_SECONDS) -> type[Any]:
    """Return a subclass of uvicorn's HTTP protocol that closes connections without a request.

    It also closes a connection with more than ``MOST_HEAD`` bytes before a request is complete.

    Args:
        protocol: a class with the attributes ``cycle`` (the last request, or None) and
            ``transport``.
        seconds: seconds from the connection, or from the first byte of a later request, within
            which the headers of a request must be complete.
    """

    class LimitedHeads(protocol):  # type: ignore[misc]
        _timer: asyncio.TimerHandle | None = None
        _head = 0  # bytes since the last complete request

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._timer = self._start_timer()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            answering = self.cycle is not None and not self.cycle.response_complete
            # A WebSocket has another protocol, which the application watches.
            if answering or self.transport.get_protocol() is not self:
                self._stop_timer()
                self._head = 0
                return
            self._head += len(data)
            if self._head > MOST_HEAD:
                self.transport.abort()
            elif self._timer is None:
                self._timer = self._start_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def _start_timer(self) -> asyncio.TimerHandle:
            return asyncio.get_running_loop().call_later(seconds, self.transport.close)

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return LimitedHeads
