"""The disk of a running node: asked in the loop's thread while syncs are short, and in another one otherwise."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, final

from quorate._quorate import Log
from quorate.raft import Fetch, Persist, Run

_T = TypeVar("_T")

QUICK_NS: Final = 1_000_000
"""A sync that is no longer than this holds the loop up for less than it costs to hand it to a thread and to hear back from it."""
_PRICE_NS: Final = QUICK_NS // 4
"""About what the hand-over costs."""
_OWED_MAX: Final = 1 << 16


@final
class Pace:
    """Whether the next sync is likely to be quick.

    Nobody can know, and a sync that has begun cannot be given away. So a slow one is paid for: it is followed by one quick sync in the
    thread for each quarter of a millisecond that it took, before the next is done in the loop. However a disk stalls, its stalls take less
    of the loop's time than that for each sync, on the average of all.
    """

    def __init__(self) -> None:
        self._owed = 32

    @property
    def is_quick(self) -> bool:
        """Whether the loop may wait for the next one."""
        return self._owed == 0

    def took(self, nanoseconds: int) -> None:
        """So long a sync has taken, wherever it was done."""
        if nanoseconds > QUICK_NS:
            self._owed = min(self._owed + nanoseconds // _PRICE_NS, _OWED_MAX)
        elif self._owed:
            self._owed -= 1


@final
class Disk:
    """What a node asks of its log. One call at a time: what comes meanwhile shares the next, and its sync."""

    def __init__(
        self,
        executor: Executor | None,
        done: Callable[[int, list[tuple[int, Run]]], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._executor, self._done, self._failed = executor, done, failed
        # Whoever brings an executor wants nothing of the disk in the loop.
        self.pace = Pace() if executor is None else None
        self._loop = asyncio.get_running_loop()
        self.writes: list[Persist] = []
        self.fetches: list[Fetch] = []
        self._busy = False
        self._calls: set[asyncio.Future[Any]] = set()
        self.log: Log

    async def open(self, work: Callable[[], Log]) -> None:
        """Opens the log."""
        self.log = await self.answer(work)

    @property
    def is_quick(self) -> bool:
        """Whether the loop may wait for it."""
        return self.pace is not None and self.pace.is_quick and not self._busy

    def sync_here(self) -> int:
        """Writes and syncs at once, if that is likely to be quick and nothing else is under way; the last write that is durable then, or 0."""
        pace, writes = self.pace, self.writes
        if not writes or pace is None or not self.is_quick or self.fetches:
            return 0
        self.writes = []
        durable = self.log.persist(writes)
        pace.took(self.log.sync_ns)
        return durable

    def ask(self) -> None:
        """Has a thread do what there is to do, if none is at it."""
        if self._busy or not (self.writes or self.fetches):
            return
        writes, fetches, log = self.writes, self.fetches, self.log
        self.writes, self.fetches = [], []
        self._busy = True

        def work() -> tuple[int, list[tuple[int, Run]]]:
            durable = log.persist(writes) if writes else 0
            return durable, [(fetch.id, log.fetch(fetch.index)) for fetch in fetches]

        self.call(work).add_done_callback(self._has_done)

    def _has_done(self, call: "asyncio.Future[tuple[int, list[tuple[int, Run]]]]") -> None:
        self._busy = False
        if call.cancelled():
            return
        if (failure := call.exception()) is not None:
            self._failed(failure)
            return
        durable, runs = call.result()
        if durable and self.pace is not None:
            self.pace.took(self.log.sync_ns)
        self._done(durable, runs)

    def call(self, work: Callable[[], _T]) -> "asyncio.Future[_T]":
        """In the executor; waited for when the node stops."""
        call = self._loop.run_in_executor(self._executor, work)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    async def answer(self, work: Callable[[], _T]) -> _T:
        """The same, awaited. Whoever is cancelled goes at once."""
        return await asyncio.shield(self.call(work))

    async def close(self) -> None:
        """Waits for what is under way, and closes the log."""
        if self._calls:
            await asyncio.wait(self._calls)
        await self._loop.run_in_executor(self._executor, self.log.close)
