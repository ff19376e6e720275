"""A node for programs without an event loop: `with Node("n1", peers=..., dir=...) as node: node.append(b"hello")`.

How it runs, openly: each node starts one thread of its own, named `quorate-<id>`, with an asyncio event loop in which a
`quorate.aio.Node` lives; the loop's executor adds one more for the disk. Calls hand their question to that thread and wait. Many threads may
call; their appends share syncs. After `fork` a child must make nodes of its own, in folders of their own.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Self, TypeVar, final

from quorate import aio
from quorate._errors import NodeClosedError
from quorate.raft import Config, Entry, LogPos, Status

__all__ = ["Node"]

_T = TypeVar("_T")


@final
class Node:
    """One node of a group, in a thread of its own. The arguments are those of `quorate.aio.Node`; `apply` is called in that thread.

    Every call takes `timeout` in seconds, `None` for none, and raises `TimeoutError` behind it; what it asked for may still happen.
    """

    def __init__(
        self,
        id: aio.NodeId,
        *,
        peers: Mapping[Any, aio.Address] | None = None,
        dir: "str | os.PathLike[str]",
        listen: aio.Address | None = None,
        cluster: int = 1,
        config: Config | None = None,
        apply: Callable[[Entry], object] | None = None,
    ) -> None:
        self._node = aio.Node(id, peers=peers, dir=dir, listen=listen, cluster=cluster, config=config, apply=apply)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread, and the node in it. A node is started once."""
        if self._thread is not None:
            raise NodeClosedError(f"node {self._node.id} was started before; make another")
        started: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name=f"quorate-{self._node.id}", daemon=True)
        self._thread.start()
        try:
            self._loop = started.result()
            self._call(self._node.start(), None)
        except BaseException:
            self.stop()
            raise

    def stop(self, grace: float = 1.0) -> None:
        """Stops the node as `quorate.aio.Node.stop` does, and ends the thread."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            try:
                asyncio.run_coroutine_threadsafe(self._node.stop(grace), loop).result()
            finally:
                loop.call_soon_threadsafe(loop.stop)
                self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def id(self) -> int:
        """Its number."""
        return self._node.id

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._node.address

    @property
    def leader(self) -> int | None:
        """The leader, as this node knows."""
        return self._node.leader

    @property
    def applied(self) -> int:
        """The last entry that was applied here."""
        return self._node.applied

    def status(self) -> Status:
        """What the core says of itself."""
        return self._node.status()

    def append(self, payload: bytes | bytearray | memoryview, timeout: float | None = None) -> LogPos:
        """Appends an entry, and returns its place once it is durable on a majority. Raises as `quorate.aio.Node.append` does."""
        return self._call(self._node.append(payload), timeout)

    def read(self, timeout: float | None = None) -> int:
        """A linearizable read, as `quorate.aio.Node.read`."""
        return self._call(self._node.read(), timeout)

    def entries(self, first: int = 1) -> Iterator[Entry]:
        """The applied entries from an index on, and then each as it is applied, until the node stops."""
        entries = self._node.entries(first)
        while self._loop is not None:
            try:
                yield self._call(_next(entries), None)
            except (StopAsyncIteration, NodeClosedError):
                return

    def _call(self, question: "Coroutine[Any, Any, _T]", timeout: float | None) -> _T:
        if self._loop is None:
            question.close()
            raise NodeClosedError(f"node {self._node.id} does not run; use `with` or `start`")
        answer = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            return answer.result(timeout)
        except CancelledError:
            raise NodeClosedError(f"node {self._node.id} was stopped") from None
        except (FutureTimeoutError, KeyboardInterrupt):
            answer.cancel()
            raise

    def _run(self, started: "Future[asyncio.AbstractEventLoop]") -> None:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(1, thread_name_prefix=f"quorate-{self._node.id}-disk"))
        asyncio.set_event_loop(loop)
        loop.call_soon(started.set_result, loop)
        try:
            loop.run_forever()
        finally:
            # Whoever still waits is told that there is nothing to wait for.
            waiting = asyncio.all_tasks(loop)
            for task in waiting:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()


async def _next(entries: aio.Entries) -> Entry:
    try:
        return await anext(entries)
    except StopAsyncIteration:
        raise NodeClosedError("the node was stopped") from None
