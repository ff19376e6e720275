"""Connections between nodes: frames over TCP, as docs/wire-format.md has them. What comes from a peer is anybody's.

A node sends on the connections that it dialled, and receives on those that it accepted.
"""

import asyncio
import logging
import random
import struct
from collections.abc import Callable
from typing import Final, cast

from quorate._errors import FrameError
from quorate._quorate import FrameDecoder, Message, encode_frame, encode_messages

LOG: Final = logging.getLogger("quorate")

RAFT: Final = 1
_HELLO, _WELCOME, _REFUSED = 240, 241, 242
_HANDSHAKE: Final = struct.Struct("<QQQ")
_OTHER_CLUSTER, _WRONG_NODE, _SAME_NODE, _UNKNOWN_NODE = 2, 3, 4, 5

HANDSHAKE_SECONDS: Final = 2.0
"""A connection that is not open by then is closed."""
HANDSHAKES_MAX: Final = 64
"""More unfinished handshakes than these: the oldest gives way."""
SEND_BYTES_MAX: Final = 8 << 20
"""With so much on its way to one peer, what comes next is dropped: protocols repeat."""
_GREETING_BYTES: Final = 256
_RECEIVE_BYTES: Final = 256 << 10
"""What is taken off a socket at once, of a stranger and of a peer."""
_BACKOFF_MIN, _BACKOFF_MAX = 0.02, 1.0

Heard = Callable[[int, list[bytes]], bool]
"""Takes messages of a peer; false when no honest peer says them."""


class Listener(asyncio.BufferedProtocol):
    """A connection that a peer has dialled."""

    def __init__(self, hall: "Hall") -> None:
        self._hall = hall
        # Nothing longer than a greeting is taken of somebody who has not said who it is.
        self._decoder = FrameDecoder(_HANDSHAKE.size)
        self._buffer = memoryview(bytearray(_GREETING_BYTES))
        self.peer: int | None = None
        self.transport: asyncio.Transport | None = None
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Loops have transports of their own making, which need not be asyncio's in name.
        self.transport = cast(asyncio.Transport, transport)
        self._limit = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self.transport.abort)
        self._hall.enter(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """One for the life of the connection: to allocate one for each message costs more than the message."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        try:
            frames = self._decoder.feed(self._buffer[:nbytes])
        except FrameError as broken:
            self._drop(str(broken))
            return
        if self.peer is None and frames:
            (kind, body), *early = frames
            if early or not self._greet(kind, body):
                self.abort()
            return
        if any(kind != RAFT for kind, _ in frames):
            self._drop("a frame of a kind that peers do not send")
        elif frames and self.peer is not None and not self._hall.heard(self.peer, [body for _, body in frames]):
            self._drop("a message that no honest peer sends")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._hall.leave(self)

    def abort(self) -> None:
        """Ends the connection, whatever is on its way."""
        if self.transport is not None:
            self.transport.abort()

    def _greet(self, kind: int, body: bytes) -> bool:
        if kind != _HELLO or len(body) != _HANDSHAKE.size or self.transport is None:
            return False
        cluster, dialler, wanted = _HANDSHAKE.unpack(body)
        hall = self._hall
        refusals = (
            (cluster != hall.cluster, (_OTHER_CLUSTER, hall.cluster, cluster)),
            (dialler == hall.node, (_SAME_NODE, hall.node, hall.node)),
            (wanted != hall.node, (_WRONG_NODE, hall.node, wanted)),
            (dialler not in hall.peers, (_UNKNOWN_NODE, hall.node, dialler)),
        )
        refused = next((values for holds, values in refusals if holds), None)
        if refused is not None:
            LOG.warning("node %d refuses a connection: reason %d, ours %d, theirs %d", hall.node, *refused)
            self.transport.write(encode_frame(_REFUSED, _HANDSHAKE.pack(*refused)))
            self.transport.close()
            return True
        self.peer = dialler
        self._decoder = FrameDecoder(hall.body_bytes_max)
        self._buffer = memoryview(bytearray(_RECEIVE_BYTES))
        if self._limit is not None:
            self._limit.cancel()
        self.transport.write(encode_frame(_WELCOME, _HANDSHAKE.pack(hall.cluster, hall.node, dialler)))
        hall.seat(self)
        return True

    def _drop(self, why: str) -> None:
        LOG.warning("node %d drops a connection of %s: %s", self._hall.node, self.peer or "a stranger", why)
        self._hall.dropped += 1
        self.abort()


class Hall:
    """All connections that were accepted: one for each peer, the newest, and few strangers."""

    def __init__(self, node: int, cluster: int, peers: frozenset[int], body_bytes_max: int, heard: Heard) -> None:
        self.node, self.cluster, self.peers = node, cluster, peers
        self.body_bytes_max, self.heard = body_bytes_max, heard
        self.dropped = 0
        self._strangers: dict[Listener, None] = {}
        self._seats: dict[int, Listener] = {}

    def enter(self, listener: Listener) -> None:
        """Somebody has dialled."""
        self._strangers[listener] = None
        if len(self._strangers) > HANDSHAKES_MAX:
            next(iter(self._strangers)).abort()

    def seat(self, listener: Listener) -> None:
        """It has said who it is. An older connection of the same peer gives way: the peer knows best which is alive."""
        self._strangers.pop(listener, None)
        if listener.peer is not None:
            older = self._seats.get(listener.peer)
            self._seats[listener.peer] = listener
            if older is not None:
                older.abort()

    def leave(self, listener: Listener) -> None:
        """It is gone."""
        self._strangers.pop(listener, None)
        if listener.peer is not None and self._seats.get(listener.peer) is listener:
            del self._seats[listener.peer]

    def close(self) -> None:
        """Ends them all."""
        for listener in [*self._strangers, *self._seats.values()]:
            listener.abort()


class _Dialler(asyncio.Protocol):
    """A connection that we have dialled: after the greeting nothing comes on it."""

    def __init__(self, hello: bytes, welcome: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._hello, self._welcome = hello, welcome
        self._decoder = FrameDecoder(_HANDSHAKE.size)
        self.transport: asyncio.Transport | None = None
        self.open: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(encode_frame(_HELLO, self._hello))

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._decoder.feed(data)
        except FrameError as broken:
            self._refuse(str(broken))
            return
        for kind, body in frames:
            if kind == _WELCOME and body == self._welcome and not self.open.done():
                self.open.set_result(None)
            elif kind == _REFUSED and len(body) == _HANDSHAKE.size:
                self._refuse("refused: reason {}, theirs {}, ours {}".format(*_HANDSHAKE.unpack(body)))
            else:
                self._refuse("an answer that has no place in a handshake")

    def connection_lost(self, exc: Exception | None) -> None:
        self._refuse("the connection ended")
        if not self.lost.done():
            self.lost.set_result(None)

    def close(self) -> None:
        """Ends the connection, and what waits for it."""
        if not self.open.cancel() and not self.open.cancelled():
            self.open.exception()  # seen
        if self.transport is not None:
            self.transport.abort()

    def _refuse(self, why: str) -> None:
        if not self.open.done():
            self.open.set_exception(ConnectionError(why))
        if self.transport is not None:
            self.transport.abort()


class Link:
    """The way to one peer: dialled again whenever it is lost."""

    def __init__(self, node: int, peer: int, address: tuple[str, int], cluster: int) -> None:
        self.peer, self.address = peer, address
        self._node = node
        self._hello = _HANDSHAKE.pack(cluster, node, peer)
        self._welcome = _HANDSHAKE.pack(cluster, peer, node)
        self._transport: asyncio.Transport | None = None
        self.dropped = 0

    @property
    def connected(self) -> bool:
        """Whether the peer has welcomed us."""
        return self._transport is not None

    def send(self, messages: list[Message]) -> bool:
        """Sends, or drops what there is no room or no connection for. Whether nothing is left in a buffer."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > SEND_BYTES_MAX:
            self.dropped += len(messages)
            return True
        transport.write(encode_messages(RAFT, messages))
        return transport.get_write_buffer_size() == 0

    async def keep(self) -> None:
        """Keeps the connection, until it is cancelled."""
        loop, wait, told = asyncio.get_running_loop(), _BACKOFF_MIN, ""
        while True:
            dialler = _Dialler(self._hello, self._welcome)
            try:
                async with asyncio.timeout(HANDSHAKE_SECONDS):
                    await loop.create_connection(lambda: dialler, *self.address)
                    await dialler.open
                self._transport, wait, told = dialler.transport, _BACKOFF_MIN, ""
                await dialler.lost
            except (OSError, TimeoutError) as failure:
                if str(failure) != told:  # the same again and again is no news
                    told = str(failure)
                    LOG.info("node %d does not reach node %d at %s:%d: %s", self._node, self.peer, *self.address, told or "too slow")
            finally:
                self._transport = None
                dialler.close()
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, _BACKOFF_MAX)
