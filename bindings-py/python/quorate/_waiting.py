"""Appends that wait for their turn."""

import asyncio
from collections import deque
from typing import Final, final

from quorate._errors import FullError
from quorate.raft import LogPos

COUNT_MAX: Final = 65_536
BYTES_MAX: Final = 64 << 20
"""So many appends wait at most, and so many bytes of payloads; one more is refused."""

Append = tuple[bytes, "asyncio.Future[LogPos]"]
"""A payload, and who wants to know what became of it."""


@final
class Waiting:
    """A queue, bounded in number and in bytes."""

    def __init__(self) -> None:
        self._queue: deque[Append] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._queue)

    def add(self, payload: bytes, decided: "asyncio.Future[LogPos]") -> None:
        """At the end. Raises `FullError`."""
        if len(self._queue) >= COUNT_MAX or self._bytes + len(payload) > BYTES_MAX:
            raise FullError(f"{len(self._queue)} appends of {self._bytes} bytes wait; try again when some of them are done")
        self._queue.append((payload, decided))
        self._bytes += len(payload)

    def take(self, count_max: int) -> list[Append]:
        """The first so many, without those that nobody waits for any more."""
        taken: list[Append] = []
        while self._queue and len(taken) < count_max:
            one = self._queue.popleft()
            self._bytes -= len(one[0])
            if not one[1].done():
                taken.append(one)
        return taken

    def put_back(self, taken: list[Append]) -> None:
        """What found no room, in the order in which it was taken."""
        self._queue.extendleft(reversed(taken))
        self._bytes += sum(len(payload) for payload, _ in taken)

    def take_all(self) -> "list[asyncio.Future[LogPos]]":
        """Empties it; who waited."""
        waited = [decided for _, decided in self._queue]
        self._queue.clear()
        self._bytes = 0
        return waited
