"""Connections without a request are closed; connections with a request are not."""

import asyncio
from types import SimpleNamespace

import pytest

from mesa_gym.language.heads import limit_heads
from tests.support.loops import run_coroutine

REQUEST = b"GET /health HTTP/1.1\r\n\r\n"


class HeadsProtocol(asyncio.Protocol):
    """Like uvicorn's protocol: ``cycle`` is the last request whose headers are complete."""

    made = []

    def __init__(self):
        self.cycle, self.transport, self.data, self.lost = None, None, b"", False
        HeadsProtocol.made.append(self)

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data
        if b"\r\n\r\n" in self.data:
            self.data = self.data.partition(b"\r\n\r\n")[2]
            self.cycle = SimpleNamespace(response_complete=False)
            self.transport.write(b"ok")

    def connection_lost(self, exc):
        self.lost = True


async def visit(sent, over=False, seconds=0.05):
    """Return whether a server closes a connection on which these parts arrive.

    Args:
        sent: the parts; the server reads each before the next is sent.
        over: whether the server has answered each request.
        seconds: the limit.
    """
    loop, HeadsProtocol.made = asyncio.get_running_loop(), []
    server = await loop.create_server(limit_heads(HeadsProtocol, seconds), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    while not HeadsProtocol.made or HeadsProtocol.made[0].transport is None:
        await asyncio.sleep(0)
    (protocol,) = HeadsProtocol.made
    for part in sent:
        writer.write(part)
        if b"\r\n\r\n" in part:
            await reader.readexactly(2)
            protocol.cycle.response_complete = over
        else:
            while not protocol.data and not protocol.lost:
                await asyncio.sleep(0)
    timer = protocol._timer
    closed = timer is not None and not timer.cancelled()
    if closed:
        assert await reader.read() == b""  # waits for the server to close
        assert protocol.lost
        assert protocol._timer is None
    writer.close()
    server.close()
    return closed


@pytest.mark.parametrize(
    ("sent", "over", "closed"),
    [
        ([], False, True),
        ([b"GET /hea"], False, True),
        ([REQUEST], False, False),
        ([REQUEST], True, False),  # the server has its own limit of idle connections
        ([REQUEST, b"GET"], False, False),
        ([REQUEST, b"GET /hea"], True, True),
        ([b"GET ", REQUEST], False, False),
    ],
)
def test_connection_without_request_is_closed(sent, over, closed):
    assert run_coroutine(visit(sent, over)) == closed


class Upgrading(HeadsProtocol):
    """Its first data begin a WebSocket, which has another protocol."""

    def data_received(self, data):
        self.transport.protocol = None


def test_websocket_is_left_to_its_protocol():
    async def upgrade():
        protocol = limit_heads(Upgrading, 60)()
        transport = SimpleNamespace(protocol=protocol, close=lambda: None)
        transport.get_protocol = lambda: transport.protocol
        protocol.connection_made(transport)
        timer = protocol._timer
        protocol.data_received(b"GET /ws")
        assert timer.cancelled()
        assert protocol._timer is None

    run_coroutine(upgrade())


def test_limit_counts_from_the_first_byte():
    """A client that sends a byte now and then does not prolong the limit."""

    async def dribble():
        loop, HeadsProtocol.made = asyncio.get_running_loop(), []
        protocol = limit_heads(HeadsProtocol, 60)()
        transport = SimpleNamespace(close=lambda: None, get_protocol=lambda: protocol)
        protocol.connection_made(transport)
        timer = protocol._timer
        for byte in REQUEST[:9]:
            protocol.data_received(bytes([byte]))
            assert protocol._timer is timer
        assert loop.time() < timer.when() <= loop.time() + 60
        protocol.connection_lost(None)
        assert timer.cancelled()

    run_coroutine(dribble())


@pytest.mark.parametrize("between", [b"", REQUEST])
def test_huge_head_closes_its_connection(between):
    """Headers come before tokens, and would fill the memory; each request has its own."""
    closed = SimpleNamespace(
        abort=lambda: aborted.append(True),
        close=print,
        get_protocol=lambda: protocol,
        write=print,
    )
    aborted = []

    async def send():
        nonlocal protocol
        protocol = limit_heads(HeadsProtocol)()
        protocol.transport = closed
        for part in (*[b"x" * (1 << 14)] * 3, between, *[b"x" * (1 << 14)] * 2):
            protocol.data_received(part)
            if protocol.cycle:
                protocol.cycle.response_complete = True
        protocol._stop_timer()

    protocol = None
    run_coroutine(send())
    assert aborted == [True] * (not between)
