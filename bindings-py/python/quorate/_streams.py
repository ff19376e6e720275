"""What a node tells those who follow it: its applied entries, and who leads."""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, final

from quorate._kinds import EntryKind
from quorate.raft import Entry, Run

if TYPE_CHECKING:
    from quorate._node import Node

_READ_BYTES: Final = 1 << 20
"""What is read of the log at once."""


@dataclass(frozen=True, slots=True)
class LeaderChange:
    """Who leads, as one node knows."""

    term: int
    leader: int | None
    """`None` while nobody is known to lead."""


@final
class Entries:
    """The applied entries of a node, in order, each once; without the empty ones with which leaders open their terms."""

    def __init__(self, node: "Node", first: int) -> None:
        self._node, self._next = node, first
        self._ready: deque[Entry] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Entry:
        while not self._ready:
            node = self._node
            if node._over:
                raise StopAsyncIteration
            if node._applied < self._next:
                await node._changed()
                continue
            for run in await self._runs():
                for entry in run:
                    if self._next <= entry.index <= node._applied:
                        self._next = entry.index + 1
                        if entry.kind is not EntryKind.BLANK:
                            self._ready.append(entry)
        return self._ready.popleft()

    async def _runs(self) -> list[Run]:
        node, first = self._node, self._next
        recent = node._recent
        if recent and recent[0].first <= first:
            place = bisect_right(recent, first, key=lambda run: run.first) - 1
            return [recent[place]]
        return await node._disk.answer(lambda: node._disk.log.read(first, bytes_max=_READ_BYTES))


@final
class LeaderChanges:
    """Who leads, whenever that changes."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._seen: LeaderChange | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LeaderChange:
        while self._node._leader == self._seen:
            if self._node._over:
                raise StopAsyncIteration
            await self._node._changed()
        self._seen = self._node._leader
        return self._seen
