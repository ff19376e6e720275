"""One node in an event loop. `quorate.aio` says what it is."""

import asyncio
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, Final, Self, TypeVar, final

from quorate._errors import FullError, NodeClosedError, NoQuorumError, NotLeaderError, ReplacedError, TooLargeError, TransferringError
from quorate._kinds import EntryKind
from quorate._names import Address, NodeId, address, node_id
from quorate._peers import LOG, Hall, Link, Listener
from quorate._quorate import Log, Raft
from quorate._streams import Entries, LeaderChange, LeaderChanges
from quorate.raft import (
    Apply,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Config,
    Entry,
    Fetch,
    Halt,
    LogPos,
    Message,
    Notify,
    Output,
    Persist,
    ReadReady,
    ReadsLost,
    Run,
    Send,
    Status,
)

_T = TypeVar("_T")

_APPENDS_MAX: Final = 65_536
"""Appends that wait for their turn; one more is refused."""
_BATCH_MAX: Final = 4_096
"""Appends that are proposed in one call."""
_RECENT_BYTES_MAX: Final = 4 << 20
"""Applied entries kept in memory for those who follow closely; others read the log."""
_HEAD_BYTES: Final = 1024


def _monotonic() -> int:
    return time.monotonic_ns()


@final
class Node:
    """One node of a group, in the running event loop: `async with Node(...) as node`.

    `id` is its number from 1, or its name, `"n1"`. `peers` says where all nodes are, itself included or not; with itself alone, or with
    nobody, the group has one node. It listens at its own address in `peers`, or at `listen`, by default on a free port of the
    loopback. `dir` is the folder of its log, its own for life. `cluster` tells groups apart. `config` has the timers and bounds;
    its `id` and `voters` are not looked at.

    `apply`, if given, is called with every committed entry, in order, from the first of the log on: a state machine. What it raises
    stops the node. `executor` is for the disk, `None` for the loop's own.

    Raises `ConfigError`, and what opening its log or its port raises.
    """

    def __init__(
        self,
        id: NodeId,
        *,
        peers: Mapping[Any, Address] | None = None,
        dir: "str | os.PathLike[str]",
        listen: "Address | socket.socket | None" = None,
        cluster: int = 1,
        config: Config | None = None,
        apply: Callable[[Entry], object] | None = None,
        executor: Executor | None = None,
    ) -> None:
        own = node_id("id", id)
        addresses = {node_id("peers", peer): address(f"peers[{peer!r}]", at) for peer, at in (peers or {}).items()}
        voters = sorted({own, *addresses})
        self._config = Config(own, voters) if config is None else replace(config, id=own, voters=voters)
        if apply is not None and not callable(apply):
            raise TypeError(f"apply: expected a callable, not {type(apply).__name__}")
        if isinstance(listen, socket.socket):
            self._listen: tuple[str, int] | socket.socket = listen
        else:
            self._listen = addresses.get(own, ("127.0.0.1", 0)) if listen is None else address("listen", listen)
        self._id, self._dir, self._cluster = own, dir, cluster
        self._apply, self._executor = apply, executor
        addresses.pop(own, None)
        self._links = {peer: Link(own, peer, at, cluster) for peer, at in addresses.items()}
        body_bytes_max = self._config.append_bytes_max + _HEAD_BYTES
        self._hall = Hall(own, cluster, frozenset(addresses), body_bytes_max, self._heard)
        self._state = "new"
        self._failure: BaseException | None = None
        self._address: tuple[str, int] | None = None
        # What is asked for and not yet answered.
        self._appends: deque[tuple[bytes, asyncio.Future[LogPos]]] = deque()
        self._undecided: dict[int, list[tuple[int, asyncio.Future[LogPos]]]] = {}
        self._questions: list[asyncio.Future[int]] = []
        self._reads: dict[int, list[asyncio.Future[int]]] = {}
        # What the disk is asked for next.
        self._writes: list[Persist] = []
        self._fetches: list[Fetch] = []
        self._disk: asyncio.Future[tuple[int, list[Run]]] | None = None
        self._disk_calls: set[asyncio.Future[Any]] = set()
        # What has happened.
        self._applied = 0
        self._recent: deque[Run] = deque()
        self._recent_bytes = 0
        self._leader = LeaderChange(0, None)
        self._change: asyncio.Future[None] | None = None
        self._turn_due = False
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0

    # Life.

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Opens the log, listens, and joins the group. A node is started once."""
        if self._state != "new":
            raise NodeClosedError(f"node {self._id} was started before; make another")
        self._state = "starting"
        self._loop = asyncio.get_running_loop()
        self._log = await self._to_disk(lambda: Log.open(self._dir, cluster=self._cluster, node=self._id))
        try:
            self._raft = Raft(self._config, self._log.recovered(), seed=secrets.randbits(64), now_ns=_monotonic())
            self._server = await self._serve()
        except BaseException:
            self._log.close()
            self._state = "stopped"
            raise
        self._tasks = [self._loop.create_task(link.keep(), name=f"quorate-{self._id}-{peer}") for peer, link in self._links.items()]
        self._state = "running"
        self._turn()

    async def stop(self, grace: float = 1.0) -> None:
        """Stops: takes nothing more, gives what is under way up to `grace` seconds to be decided, closes all, and ends all its tasks.

        What was acknowledged is on a majority of disks, and stays there. What was not raises `NodeClosedError` where it is awaited.
        """
        if self._state == "running":
            self._state = "stopping"
            try:
                async with asyncio.timeout(grace):
                    while (self._undecided or self._reads) and self._failure is None:
                        await self._changed()
            except TimeoutError:
                pass
            await self._close()
        elif self._state == "new":
            self._state = "stopped"

    async def _close(self) -> None:
        self._state = "stopped"
        self._abandon(NodeClosedError(f"node {self._id} was stopped; nobody here knows what becomes of this"))
        if self._alarm is not None:
            self._alarm.cancel()
        self._server.close()
        self._hall.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._disk_calls:
            await asyncio.wait(self._disk_calls)
        await self._server.wait_closed()
        await self._loop.run_in_executor(self._executor, self._log.close)
        # Transports that were aborted say so in the next turn.
        await asyncio.sleep(0)
        self._told()

    # What people ask.

    @property
    def id(self) -> int:
        """Its number."""
        return self._id

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        if self._address is None:
            raise NodeClosedError(f"node {self._id} does not listen")
        return self._address

    @property
    def leader(self) -> int | None:
        """The leader, as this node knows; its own number when it leads."""
        return self._leader.leader

    @property
    def is_leader(self) -> bool:
        """Whether it leads, as far as it knows."""
        return self._leader.leader == self._id

    @property
    def applied(self) -> int:
        """The last entry that was applied here."""
        return self._applied

    @property
    def connected(self) -> list[int]:
        """The peers that it can send to."""
        return [peer for peer, link in self._links.items() if link.connected]

    def status(self) -> Status:
        """What the core says of itself."""
        self._ask_running()
        return self._raft.status()

    async def append(self, payload: bytes | bytearray | memoryview) -> LogPos:
        """Appends an entry, and returns its place once it is durable on a majority and applied here.

        While nobody is known to lead, and while too much is under way, it waits; bound that with `asyncio.timeout`. Cancelled, the entry may
        still be appended.

        Raises `NotLeaderError`, whose `leader` is to be asked instead, `TooLargeError`, `ReplacedError` when it certainly was not appended,
        `FullError` when 65,536 appends wait, and `NodeClosedError`.
        """
        data = _bytes("payload", payload)
        self._ask_running()
        if len(self._appends) >= _APPENDS_MAX:
            raise FullError(f"{_APPENDS_MAX} appends wait; try again when some of them are done")
        decided: asyncio.Future[LogPos] = self._loop.create_future()
        self._appends.append((data, decided))
        self._soon()
        return await decided

    async def read(self) -> int:
        """A linearizable read: returns an index. Whatever was acknowledged anywhere before this call is at or before it, and it is applied
        here: what `apply` has made of the entries up to it is the answer. Many reads share one question to the peers.

        Waits and raises as `append` does.
        """
        self._ask_running()
        answer: asyncio.Future[int] = self._loop.create_future()
        self._questions.append(answer)
        self._soon()
        return await answer

    async def transfer(self, to: NodeId) -> None:
        """Asks this node to hand leadership over, and waits until it leads no longer.

        Raises `NotLeaderError`, `NoSuchPeerError`, `TransferringError`, `NodeClosedError`; `TimeoutError` when the other does not take it.
        """
        peer = node_id("to", to)
        self._ask_running()
        self._raft.transfer_leadership(_monotonic(), peer)
        self._soon()
        async with asyncio.timeout(4 * self._config.election_timeout_max_ms / 1000):
            while self.is_leader:
                await self._changed()

    def entries(self, first: int = 1) -> "Entries":
        """The applied entries from an index on, and then each as it is applied: `async for entry in node.entries()`.

        A slow reader holds nothing up and misses nothing: what is no longer in memory comes from the log. Ends when the node stops.
        """
        if isinstance(first, bool) or not isinstance(first, int):
            raise TypeError(f"first: expected an int, not {type(first).__name__}")
        return Entries(self, max(first, 1))

    def leader_changes(self) -> "LeaderChanges":
        """Who leads now, and then each change: `async for change in node.leader_changes()`. A slow reader sees the newest only."""
        return LeaderChanges(self)

    # The loop.

    def _soon(self) -> None:
        """Once in this turn of the loop, however often it is asked for."""
        if not self._turn_due:
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        if self._state not in ("running", "stopping") or self._failure is not None:
            return
        try:
            self._propose()
            self._question()
            mail: dict[int, list[Message]] = {}
            while outputs := self._raft.poll_outputs():
                for output in outputs:
                    self._execute(output, mail)
            for peer, messages in mail.items():
                self._links[peer].send(messages)
            self._ask_disk()
            self._arm()
        except Exception as failure:
            self._fail(failure)

    def _execute(self, output: Output, mail: dict[int, list[Message]]) -> None:
        match output:
            case Send(to, message):
                mail.setdefault(to, []).append(message)
            case Persist():
                self._writes.append(output)
            case Apply(run):
                self._take(run)
            case Fetch():
                self._fetches.append(output)
            case Notify(event):
                match event:
                    case BecameLeader(term):
                        self._lead(LeaderChange(term, self._id))
                    case BecameFollower(term, leader):
                        self._lead(LeaderChange(term, leader))
                    case BecameCandidate(term):
                        self._lead(LeaderChange(term, None))
                    case ReadReady(first, last, index):
                        self._answer(first, last, index)
                    case ReadsLost(first, last):
                        self._ask_again(first, last)
                    case _:
                        pass
            case Halt(fault):
                raise fault

    def _propose(self) -> None:
        while self._appends:
            while self._appends and self._appends[0][1].done():
                self._appends.popleft()  # nobody waits for it any more
            batch = [self._appends[place] for place in range(min(len(self._appends), _BATCH_MAX))]
            if not batch:
                return
            try:
                taken = self._raft.propose_many(_monotonic(), [payload for payload, _ in batch])
            except TooLargeError as refused:
                _raise_in(self._appends.popleft()[1], refused)
                continue
            except NotLeaderError as refused:
                if refused.leader is not None and refused.leader != self._id:
                    self._send_away(refused.leader)
                return
            except (FullError, NoQuorumError, TransferringError):
                return  # they wait for better times
            for place in range(taken.count):
                _, decided = self._appends.popleft()
                self._undecided.setdefault(taken.first + place, []).append((taken.term, decided))

    def _question(self) -> None:
        if not self._questions:
            return
        try:
            read = self._raft.read(_monotonic())
        except NotLeaderError as refused:
            if refused.leader is not None and refused.leader != self._id:
                self._send_away(refused.leader)
        except (FullError, NoQuorumError, TransferringError):
            pass
        else:
            self._reads[read], self._questions = self._questions, []

    def _send_away(self, leader: int) -> None:
        """Those who wait are to ask the leader."""
        waiting: list[asyncio.Future[Any]] = [decided for _, decided in self._appends]
        waiting += self._questions
        self._appends.clear()
        self._questions = []
        for one in waiting:
            refused = NotLeaderError(f"node {self._id} does not lead; ask node {leader}")
            refused.leader = leader
            _raise_in(one, refused)

    def _take(self, run: Run) -> None:
        if self._apply is not None:
            for entry in run:
                if entry.kind is not EntryKind.BLANK:
                    self._apply(entry)
        if self._undecided:
            for index in range(run.first, run.last + 1):
                for term, decided in self._undecided.pop(index, ()):
                    if term == run.term:
                        if not decided.done():
                            decided.set_result(LogPos(term, index))
                    else:
                        replaced = ReplacedError(f"another leader's entry stands at {index}; append it anew")
                        replaced.index = index
                        _raise_in(decided, replaced)
        self._applied = run.last
        self._recent.append(run)
        self._recent_bytes += run.body_bytes
        while self._recent_bytes > _RECENT_BYTES_MAX and len(self._recent) > 1:
            self._recent_bytes -= self._recent.popleft().body_bytes
        self._raft.applied(_monotonic(), run.last)
        self._told()

    def _answer(self, first: int, last: int, index: int) -> None:
        for read in range(first, last + 1):
            for answer in self._reads.pop(read, ()):
                if not answer.done():
                    answer.set_result(index)
        self._told()

    def _ask_again(self, first: int, last: int) -> None:
        for read in range(first, last + 1):
            self._questions += [answer for answer in self._reads.pop(read, ()) if not answer.done()]
        self._soon()

    def _lead(self, change: LeaderChange) -> None:
        if change != self._leader:
            self._leader = change
            self._told()

    # Peers.

    def _heard(self, peer: int, messages: list[bytes]) -> bool:
        if self._state not in ("running", "stopping") or self._failure is not None:
            return True
        try:
            refused = self._raft.step_many(_monotonic(), [(peer, message) for message in messages])
        except Exception as failure:
            self._fail(failure)
            return True
        self._soon()
        for _, why in refused:
            LOG.warning("node %d was told by node %d what no honest peer says: %s", self._id, peer, why)
        return not refused

    async def _serve(self) -> asyncio.Server:

        def make() -> Listener:
            return Listener(self._hall)

        if isinstance(self._listen, socket.socket):
            server = await self._loop.create_server(make, sock=self._listen)
        else:
            server = await self._loop.create_server(make, *self._listen)
        host, port = server.sockets[0].getsockname()[:2]
        self._address = (host, port)
        return server

    # Time.

    def _arm(self) -> None:
        due = self._raft.next_tick()
        if due is None or (self._alarm is not None and self._alarm_at <= due):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = due
        self._alarm = self._loop.call_later(max(0, due - _monotonic()) / 1e9, self._tick)

    def _tick(self) -> None:
        self._alarm = None
        if self._state in ("running", "stopping") and self._failure is None:
            try:
                self._raft.tick(_monotonic())
            except Exception as failure:
                self._fail(failure)
                return
            self._turn()

    # The disk.

    def _ask_disk(self) -> None:
        """One call at a time: what comes meanwhile shares the next, and its sync."""
        if self._disk is not None or not (self._writes or self._fetches):
            return
        writes, fetches = self._writes, self._fetches
        self._writes, self._fetches = [], []
        log = self._log

        def work() -> tuple[int, list[Run]]:
            durable = log.persist(writes) if writes else 0
            return durable, [log.fetch(fetch.index) for fetch in fetches]

        self._disk = self._call_disk(work)
        self._disk.add_done_callback(lambda done: self._disk_has_done(done, fetches))

    def _disk_has_done(self, done: "asyncio.Future[tuple[int, list[Run]]]", fetches: list[Fetch]) -> None:
        self._disk = None
        if done.cancelled() or self._state not in ("running", "stopping"):
            return
        if (failure := done.exception()) is not None:
            self._fail(failure)
            return
        durable, runs = done.result()
        now = _monotonic()
        try:
            if durable:
                self._raft.persisted(now, durable)
            for fetch, run in zip(fetches, runs, strict=True):
                self._raft.fetched(now, fetch.id, run)
        except Exception as broken:
            self._fail(broken)
            return
        self._turn()

    def _call_disk(self, work: Callable[[], _T]) -> "asyncio.Future[_T]":
        call = self._loop.run_in_executor(self._executor, work)
        self._disk_calls.add(call)
        call.add_done_callback(self._disk_calls.discard)
        return call

    async def _to_disk(self, work: Callable[[], _T]) -> _T:
        # Whoever is cancelled goes at once; the call itself is waited for when the node stops.
        return await asyncio.shield(self._call_disk(work))

    # Those who wait.

    def _ask_running(self) -> None:
        if self._failure is not None:
            raise NodeClosedError(f"node {self._id} has failed: {self._failure}") from self._failure
        if self._state != "running":
            raise NodeClosedError(f"node {self._id} does not run; use `async with` or `start`")

    async def _changed(self) -> None:
        if self._change is None:
            self._change = self._loop.create_future()
        await asyncio.shield(self._change)

    def _told(self) -> None:
        if self._change is not None:
            change, self._change = self._change, None
            if not change.done():
                change.set_result(None)

    def _fail(self, failure: BaseException) -> None:
        """Nothing is tried again: the node is silent from here on, and everyone who waits is told why."""
        if self._failure is None:
            LOG.error("node %d has failed: %s", self._id, failure)
            self._failure = failure
            closed = NodeClosedError(f"node {self._id} has failed: {failure}")
            closed.__cause__ = failure
            self._abandon(closed)
            self._server.close()
            self._hall.close()
            for task in self._tasks:
                task.cancel()

    def _abandon(self, why: Exception) -> None:
        waiting: list[asyncio.Future[Any]] = [decided for _, decided in self._appends]
        waiting += [decided for places in self._undecided.values() for _, decided in places]
        waiting += self._questions
        waiting += [answer for answers in self._reads.values() for answer in answers]
        self._appends.clear()
        self._undecided.clear()
        self._questions = []
        self._reads.clear()
        for one in waiting:
            _raise_in(one, why)
        self._told()

    @property
    def _over(self) -> bool:
        return self._state == "stopped" or self._failure is not None

    def __repr__(self) -> str:
        return f"<Node {self._id}: {self._state}, leader {self.leader}, applied {self._applied}>"


def _bytes(name: str, value: object) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{name}: expected bytes, bytearray or memoryview, not {type(value).__name__}")


def _raise_in(waiting: "asyncio.Future[Any]", why: Exception) -> None:
    if not waiting.done():
        waiting.set_exception(why)
