"""Several nodes in one process."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import Self, TypeVar, final

from quorate._errors import NodeClosedError, NotLeaderError, ReplacedError
from quorate._names import Address, NodeId, node_id
from quorate._node import Node
from quorate.raft import Config, Entry, LogPos

_T = TypeVar("_T")


@final
class Cluster:
    """Several nodes in one process and one event loop, on the loopback: `async with Cluster(3, dir="data") as cluster`.

    For tests and for trying things. Each node has its own folder below `dir`, and its own port. `apply`, if given, is called with the
    node's number and the entry.
    """

    def __init__(
        self,
        nodes: int = 3,
        *,
        dir: "str | os.PathLike[str]",
        cluster: int = 1,
        config: Config | None = None,
        apply: Callable[[int, Entry], object] | None = None,
        executor: Executor | None = None,
    ) -> None:
        if isinstance(nodes, bool) or not isinstance(nodes, int):
            raise TypeError(f"nodes: expected an int, not {type(nodes).__name__}")
        if not 1 <= nodes <= 31:
            raise ValueError(f"nodes: {nodes}; a group has from 1 to 31")
        self._size, self._dir, self._cluster, self._config = nodes, os.fspath(dir), cluster, config
        self._apply, self._executor = apply, executor
        self._addresses: dict[int, Address] = {}
        self._nodes: dict[int, Node] = {}

    @property
    def nodes(self) -> Mapping[int, Node]:
        """The nodes that run, by their numbers."""
        return self._nodes

    @property
    def leader(self) -> Node | None:
        """The node that leads the newest term, as far as the nodes know."""
        leaders = [(node._leader.term, node.id) for node in self._nodes.values() if node.is_leader]
        return self._nodes[max(leaders)[1]] if leaders else None

    async def __aenter__(self) -> Self:
        sockets = {id: socket.create_server(("127.0.0.1", 0)) for id in range(1, self._size + 1)}
        self._addresses = {id: ("127.0.0.1", one.getsockname()[1]) for id, one in sockets.items()}
        try:
            for id, listening in sockets.items():
                await self._start(id, listening)
        except BaseException:
            for listening in sockets.values():
                listening.close()
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Stops all nodes."""
        nodes = list(self._nodes.values())
        self._nodes.clear()
        await asyncio.gather(*(node.stop(grace=0.1) for node in nodes))

    async def stop_node(self, id: NodeId) -> None:
        """Stops one node."""
        await self._nodes.pop(node_id("id", id)).stop()

    async def start_node(self, id: NodeId) -> Node:
        """Starts a node again that was stopped, from its folder and at its address."""
        number = node_id("id", id)
        if number in self._nodes or number not in self._addresses:
            raise ValueError(f"id: node {number} runs, or there is none")
        return await self._start(number, None)

    async def _start(self, id: int, listening: socket.socket | None) -> Node:
        apply = self._apply
        node = Node(
            id,
            peers=self._addresses,
            dir=os.path.join(self._dir, f"n{id}"),
            listen=listening,
            cluster=self._cluster,
            config=self._config,
            apply=None if apply is None else lambda entry: apply(id, entry),
            executor=self._executor,
        )
        await node.start()
        self._nodes[id] = node
        return node

    async def append(self, payload: bytes | bytearray | memoryview) -> LogPos:
        """Appends at whichever node leads, and goes after the leader until it is done; bound that with `asyncio.timeout`."""
        return await self._at_leader(lambda node: node.append(payload))

    async def read(self) -> int:
        """A linearizable read at whichever node leads. The index is applied there."""
        return await self._at_leader(lambda node: node.read())

    async def _at_leader(self, ask: "Callable[[Node], Awaitable[_T]]") -> _T:
        while True:
            node = self.leader or next(iter(self._nodes.values()), None)
            if node is None:
                raise NodeClosedError("no node of the cluster runs")
            try:
                return await ask(node)
            except (NotLeaderError, ReplacedError):
                await asyncio.sleep(0.01)
