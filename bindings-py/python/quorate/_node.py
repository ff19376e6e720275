"""One node in an event loop. `quorate.aio` says what it is."""

import asyncio
import os
import secrets
import socket
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from time import monotonic_ns
from typing import Any, Final, Self, TypeVar, final

from quorate._errors import FullError, NodeClosedError, NoQuorumError, NotLeaderError, ReplacedError, TooLargeError, TransferringError
from quorate._kinds import EntryKind
from quorate._names import Address, NodeId, address, node_id
from quorate._disk import Disk
from quorate._peers import LOG, Hall, Link, Listener
from quorate._quorate import Log, Raft
from quorate._streams import Entries, LeaderChange, LeaderChanges
from quorate._waiting import Waiting
from quorate.raft import (
    Apply,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Config,
    Entry,
    Event,
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

_BATCH_MAX: Final = 4_096
"""Appends that are proposed in one call."""
_RECENT_BYTES_MAX: Final = 4 << 20
"""Applied entries kept in memory for those who follow closely; others read the log."""
_HEAD_BYTES: Final = 1024


@final
class Node:
    """One node of a group, in the running event loop: `async with Node(...) as node`.

    `id` is its number from 1, or its name, `"n1"`. `peers` says where all nodes are, itself included or not; with itself alone, or with
    nobody, the group has one node. It listens at its own address in `peers`, or at `listen`, by default on a free port of the
    loopback. `dir` is the folder of its log, its own for life. `cluster` tells groups apart. `config` has the timers and bounds;
    its `id` and `voters` are not looked at.

    `apply`, if given, is called with every committed entry, in order, from the first of the log on: a state machine. What it raises
    stops the node. `executor` is for the disk: given one, the loop never waits for it; with `None` it waits for quick syncs, and leaves slow
    ones to its own executor (`quorate.aio` says when).

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
        self._live = False
        self._failure: BaseException | None = None
        self._address: tuple[str, int] | None = None
        # What is asked for and not yet answered.
        self._appends = Waiting()
        self._undecided: dict[int, tuple[int, asyncio.Future[LogPos]]] = {}
        self._proposed_term = 0
        self._questions: list[asyncio.Future[int]] = []
        self._reads: dict[int, list[asyncio.Future[int]]] = {}
        # What is committed, and the state machine has yet to do.
        self._runs: deque[Run] = deque()
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
        self._disk = Disk(self._executor, self._disk_has_done, self._fail)
        await self._disk.open(lambda: Log.open(self._dir, cluster=self._cluster, node=self._id))
        try:
            self._raft = Raft(self._config, self._disk.log.recovered(), seed=secrets.randbits(64), now_ns=monotonic_ns())
            self._server = await self._serve()
        except BaseException:
            self._disk.log.close()
            self._state = "stopped"
            raise
        self._tasks = [self._loop.create_task(link.keep(), name=f"quorate-{self._id}-{peer}") for peer, link in self._links.items()]
        self._state, self._live = "running", True
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
        self._state, self._live = "stopped", False
        self._abandon(NodeClosedError(f"node {self._id} was stopped; nobody here knows what becomes of this"))
        if self._alarm is not None:
            self._alarm.cancel()
        self._server.close()
        self._hall.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._disk.close()
        await self._server.wait_closed()
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

        Raises, when the entry was certainly not appended: `NotLeaderError`, whose `leader` at `address` is to be asked instead,
        `TooLargeError`, `ReplacedError`, and `FullError` when 65,536 appends or 64 MiB of payloads wait. After `NodeClosedError` nobody here
        knows what became of it.
        """
        data = payload if type(payload) is bytes else _bytes("payload", payload)
        self._ask_running()
        decided: asyncio.Future[LogPos] = self._loop.create_future()
        self._appends.add(data, decided)
        if not self._turn_due:
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
        self._raft.transfer_leadership(monotonic_ns(), peer)
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
        if not self._live:
            return
        try:
            raft, disk, runs = self._raft, self._disk, self._runs
            if disk.writes:
                self._sync()
            if self._appends:
                self._propose()
            if self._questions:
                self._question()
            # What others wait for goes first: to the network, then to the disk, and only then to the state machine.
            told = False
            while (outputs := raft.poll_outputs()) or runs:
                if not outputs:
                    told = told or bool(self._undecided)
                    self._take(runs.popleft())
                elif self._execute(outputs) or not disk.is_quick:
                    self._sync()
                else:
                    self._soon()  # some of it is still in a buffer, and would wait there for the disk
            if told:
                self._soon()  # behind all who have just been told: what they ask for next goes together
            self._arm()
        except Exception as failure:
            self._fail(failure)

    def _execute(self, outputs: list[Output]) -> bool:
        """Whether everything that is to be sent has left."""
        mail: dict[int, list[Message]] = {}
        for output in outputs:
            match output:
                case Send(to, message):
                    mail.setdefault(to, []).append(message)
                case Persist():
                    self._disk.writes.append(output)
                case Apply(run):
                    self._runs.append(run)
                case Fetch():
                    self._disk.fetches.append(output)
                case Notify(event):
                    self._notice(event)
                case Halt(fault):
                    raise fault
        return all([self._links[peer].send(messages) for peer, messages in mail.items()])

    def _notice(self, event: Event) -> None:
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

    def _propose(self) -> None:
        while batch := self._appends.take(_BATCH_MAX):
            try:
                taken = self._raft.propose_many(monotonic_ns(), [payload for payload, _ in batch])
            except TooLargeError as refused:
                _raise_in(batch[0][1], refused)
                self._appends.put_back(batch[1:])
                continue
            except NotLeaderError as refused:
                self._appends.put_back(batch)
                if refused.leader is not None and refused.leader != self._id:
                    self._send_away(refused.leader)
                return
            except (FullError, NoQuorumError, TransferringError):
                self._appends.put_back(batch)  # they wait for better times
                return
            if taken.term != self._proposed_term:
                self._replace(taken.term, taken.first)
            self._undecided.update(enumerate([(taken.term, decided) for _, decided in batch[: taken.count]], taken.first))
            if taken.count < len(batch):
                self._appends.put_back(batch[taken.count :])

    def _replace(self, term: int, first: int) -> None:
        """What was proposed in an earlier term for these places is in no leader's log any more, or it would be in ours."""
        self._proposed_term = term
        for index in [index for index in self._undecided if index >= first]:
            _replaced(self._undecided.pop(index)[1], index)

    def _question(self) -> None:
        if not self._questions:
            return
        try:
            read = self._raft.read(monotonic_ns())
        except NotLeaderError as refused:
            if refused.leader is not None and refused.leader != self._id:
                self._send_away(refused.leader)
        except (FullError, NoQuorumError, TransferringError):
            pass
        else:
            self._reads[read], self._questions = self._questions, []

    def _send_away(self, leader: int) -> None:
        """Those who wait are to ask the leader."""
        host, port = self._links[leader].address
        waiting: list[asyncio.Future[Any]] = [*self._appends.take_all(), *self._questions]
        self._questions = []
        for one in waiting:
            refused = NotLeaderError(f"node {self._id} does not lead; ask node {leader} at {host}:{port}")
            refused.leader, refused.address = leader, (host, port)
            _raise_in(one, refused)

    def _take(self, run: Run) -> None:
        if self._apply is not None:
            for entry in run:
                if entry.kind is not EntryKind.BLANK:
                    self._apply(entry)
        undecided, term = self._undecided, run.term
        if undecided:
            for index in range(run.first, run.last + 1):
                if (waiting := undecided.pop(index, None)) is not None:
                    proposed, decided = waiting
                    if proposed != term:
                        _replaced(decided, index)
                    elif not decided.done():
                        decided.set_result(LogPos(term, index))
        self._applied = run.last
        self._recent.append(run)
        self._recent_bytes += run.body_bytes
        while self._recent_bytes > _RECENT_BYTES_MAX and len(self._recent) > 1:
            self._recent_bytes -= self._recent.popleft().body_bytes
        self._raft.applied(monotonic_ns(), run.last)
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
        if not self._live:
            return True
        try:
            refused = self._raft.step_many(monotonic_ns(), [(peer, message) for message in messages])
        except Exception as failure:
            self._fail(failure)
            return True
        self._turn()
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
        self._alarm = self._loop.call_later(max(0, due - monotonic_ns()) / 1e9, self._tick)

    def _tick(self) -> None:
        self._alarm = None
        if self._live:
            try:
                self._raft.tick(monotonic_ns())
            except Exception as failure:
                self._fail(failure)
                return
            self._turn()

    # The disk.

    def _sync(self) -> None:
        if durable := self._disk.sync_here():
            self._raft.persisted(monotonic_ns(), durable)
        else:
            self._disk.ask()

    def _disk_has_done(self, durable: int, runs: list[tuple[int, Run]]) -> None:
        if not self._live:
            return
        now = monotonic_ns()
        try:
            if durable:
                self._raft.persisted(now, durable)
            for question, run in runs:
                self._raft.fetched(now, question, run)
        except Exception as broken:
            self._fail(broken)
            return
        self._turn()

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
            self._failure, self._live = failure, False
            closed = NodeClosedError(f"node {self._id} has failed: {failure}")
            closed.__cause__ = failure
            self._abandon(closed)
            self._server.close()
            self._hall.close()
            for task in self._tasks:
                task.cancel()

    def _abandon(self, why: Exception) -> None:
        waiting: list[asyncio.Future[Any]] = [*self._appends.take_all(), *self._questions]
        waiting += [decided for _, decided in self._undecided.values()]
        waiting += [answer for answers in self._reads.values() for answer in answers]
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


def _replaced(decided: "asyncio.Future[LogPos]", index: int) -> None:
    replaced = ReplacedError(f"another leader's entry stands at {index}; append it anew")
    replaced.index = index
    _raise_in(decided, replaced)


def _raise_in(waiting: "asyncio.Future[Any]", why: Exception) -> None:
    if not waiting.done():
        waiting.set_exception(why)
