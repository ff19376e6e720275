"""A group of Raft nodes under virtual time: a lossy network, disks that lag, crashes. And what must hold, kept as plainly as
possible beside it."""

from collections.abc import Callable, Iterator
from random import Random
from typing import assert_never

from quorate import NotLeaderError, Raft, RaftError
from quorate.raft import (
    Apply,
    BecameLeader,
    Config,
    Entry,
    Fetch,
    Halt,
    HardState,
    LogPos,
    Notify,
    Persist,
    ReadReady,
    ReadsLost,
    Recovered,
    RecoveredRun,
    Role,
    Run,
    Send,
)

MS = 1_000_000


class Disk:
    """Writes in their order; the first `durable` of them survive a crash."""

    def __init__(self) -> None:
        self.writes: list[Persist] = []
        self.durable = 0

    def crash(self, lost: int) -> None:
        """Keeps what is durable, and all but `lost` of the rest."""
        del self.writes[max(self.durable, len(self.writes) - lost) :]
        self.durable = len(self.writes)

    def runs(self) -> list[Run]:
        """What is live, in order: a later run replaces everything from its first index on."""
        live: list[Run] = []
        for write in self.writes:
            if (run := write.write.run) is not None:
                while live and live[-1].first >= run.first:
                    live.pop()
                if live:
                    live[-1:] = [kept] if (kept := live[-1].up_to(run.first - 1)) else []
                live.append(run)
        return live

    def holding(self, index: int) -> Run:
        """The newest run that holds the entry."""
        runs = (write.write.run for write in reversed(self.writes))
        return next(run for run in runs if run is not None and run.first <= index <= run.last)

    def recovered(self) -> Recovered:
        state = self.writes[-1].write.hard_state if self.writes else HardState(0, None, 0)
        return Recovered(state, [RecoveredRun(run.first, len(run), run.term) for run in self.runs()])


class Node:
    """One process: the core, its disk, and a state machine that only remembers."""

    def __init__(self, config: Config, disk: Disk, seed: int, now: int) -> None:
        self.config, self.disk = config, disk
        self.raft = Raft(config, disk.recovered(), seed=seed, now_ns=now)
        self.applied: list[Entry] = []
        self.reads: dict[int, int] = {}


class Group:
    """The whole, in one thread. Whoever finds that something does not hold raises `AssertionError`."""

    def __init__(self, nodes: int, seed: int, *, loss: float = 0.0, disk_lag: float = 0.0, crashes: float = 0.0) -> None:
        self.random = Random(seed)
        self.ids = list(range(1, nodes + 1))
        self.now = 0
        # How likely it is that a message is lost, that a sync is not done yet, and that a node dies before its next turn.
        self.loss, self.disk_lag, self.crashes = loss, disk_lag, crashes
        self.wire: list[tuple[int, int, bytes]] = []
        self.islands: dict[int, int] = {}
        self.nodes: dict[int, Node] = {}
        self.disks = {id: Disk() for id in self.ids}
        # The reference: who led each term, what stands at each index, and what was acknowledged to whom proposed it.
        self.leaders: dict[int, int] = {}
        self.committed: list[Entry] = []
        self.proposed: dict[LogPos, bytes] = {}
        self.acknowledged: dict[LogPos, bytes] = {}
        self.answered_reads = 0
        for id in self.ids:
            self.start(id)

    def start(self, id: int) -> None:
        # Small limits, so that entries leave the memory and come back through Fetch.
        config = Config(id, self.ids, append_bytes_max=256, cache_bytes_max=256, inflight_bytes_max=512)
        self.nodes[id] = Node(config, self.disks[id], self.random.getrandbits(64), self.now)

    def crash(self, id: int) -> None:
        if self.nodes.pop(id, None) is not None:
            self.disks[id].crash(self.random.choice((0, 1, 1000)))

    def leader(self) -> int | None:
        leaders = [(node.raft.status().term, id) for id, node in self.nodes.items() if self.leads(node)]
        return max(leaders)[1] if leaders else None

    @staticmethod
    def leads(node: Node) -> bool:
        return node.raft.status().role is Role.LEADER

    def propose(self, payloads: list[bytes]) -> int:
        """Proposes at whoever leads; how many were taken."""
        node = self.nodes.get(self.leader() or 0)
        if node is None:
            return 0
        try:
            if len(payloads) == 1:
                at = node.raft.propose(self.now, payloads[0], stamp=len(payloads[0]))
                self.proposed[at] = payloads[0]
                return 1
            taken = node.raft.propose_many(self.now, payloads)
        except RaftError as refused:
            assert not isinstance(refused, NotLeaderError), "it says that it leads"
            return 0
        for place in range(taken.count):
            self.proposed[LogPos(taken.term, taken.first + place)] = payloads[place]
        return taken.count

    def read(self) -> None:
        """Asks whoever believes that it leads: it may only answer with all that was acknowledged before."""
        for node in self.nodes.values():
            if self.leads(node):
                newest = max((at.index for at in self.acknowledged), default=0)
                try:
                    node.reads[node.raft.read(self.now)] = newest
                except RaftError:
                    pass

    def run(self, ms: int) -> None:
        """Lets virtual time pass."""
        end = self.now + ms * MS
        self.settle()
        while self.now < end:
            due = [node.raft.next_tick() for node in self.nodes.values()]
            next = min((at for at in due if at is not None), default=end)
            # A wait of zero would be no progress.
            self.now = min(end, max(next, self.now + 1))
            for node in self.nodes.values():
                node.raft.tick(self.now)
            self.settle()

    def settle(self) -> None:
        """Delivers and executes until nothing is owed and nothing is on its way, in any order."""
        for _ in range(10_000):
            self.execute()
            if not self.wire:
                return
            self.now += MS // 4
            self.deliver(self.wire.pop(self.random.randrange(len(self.wire))))
        raise AssertionError("the nodes talk without end")

    def deliver(self, letter: tuple[int, int, bytes]) -> None:
        sender, to, data = letter
        apart = self.islands.get(sender, 0) != self.islands.get(to, 0)
        if to not in self.nodes or apart or self.random.random() < self.loss:
            return
        if self.random.random() < self.loss / 2:
            self.wire.append(letter)  # once more, later
        if self.random.random() < 0.5:
            self.nodes[to].raft.step(self.now, sender, data)
        else:
            assert self.nodes[to].raft.step_many(self.now, [(sender, data)]) == []

    def execute(self) -> None:
        for id, node in list(self.nodes.items()):
            for output in node.raft.poll_outputs():
                self.execute_one(id, node, output)
            if self.random.random() < self.crashes:
                self.crash(id)
                self.start(id)
                continue
            if node.disk.durable < len(node.disk.writes) and self.random.random() >= self.disk_lag:
                node.disk.durable = len(node.disk.writes)
                node.raft.persisted(self.now, node.disk.writes[-1].id)
            node.raft.check()

    def execute_one(
        self, id: int, node: Node, output: Persist | Send | Apply | Fetch | Notify | Halt
    ) -> None:
        match output:
            case Persist():
                node.disk.writes.append(output)
            case Send(to=to, message=message):
                self.wire.append((id, to, message.encode()))
            case Apply(run=run):
                self.apply(id, node, run)
            case Fetch(id=fetch, index=index):
                node.raft.fetched(self.now, fetch, node.disk.holding(index))
            case Notify(event=BecameLeader(term=term)):
                assert self.leaders.setdefault(term, id) == id, f"two leaders in term {term}"
            case Notify(event=ReadReady(first, last, _)):
                for read in range(first, last + 1):
                    self.answered_reads += 1
                    assert len(node.applied) >= node.reads.pop(read), "a read misses what was acknowledged"
            case Notify(event=ReadsLost(first, last)):
                for read in range(first, last + 1):
                    del node.reads[read]
            case Notify():
                pass
            case Halt(fault=fault):
                raise fault
            case _:
                assert_never(output)

    def apply(self, id: int, node: Node, run: Run) -> None:
        for entry in run:
            assert entry.index == len(node.applied) + 1, "applied in order, without a gap"
            node.applied.append(entry)
            if entry.index > len(self.committed):
                self.committed.append(entry)
            assert self.committed[entry.index - 1] == entry, "two nodes have applied different entries"
            at = LogPos(entry.term, entry.index)
            if at in self.proposed and self.leads(node):
                assert self.proposed[at] == entry.payload
                self.acknowledged[at] = entry.payload
        node.raft.applied(self.now, run.last)

    def heal(self) -> None:
        """No more harm; everybody is there."""
        self.loss, self.disk_lag, self.crashes, self.islands = 0.0, 0.0, 0.0, {}
        for id in self.ids:
            if id not in self.nodes:
                self.start(id)

    def judge(self) -> None:
        """After the harm: the group works, all have applied the same, and nothing acknowledged is lost."""
        self.heal()
        self.until(lambda: self.leader() is not None)
        self.until(lambda: self.propose([b"the last"]) == 1)
        self.until(lambda: b"the last" in self.acknowledged.values())
        self.until(lambda: len({len(node.applied) for node in self.nodes.values()}) == 1)
        for node in self.nodes.values():
            assert node.applied == self.committed
        for at, payload in self.acknowledged.items():
            entry = self.committed[at.index - 1]
            assert (entry.term, entry.payload) == (at.term, payload), "acknowledged, and lost"

    def until(self, done: Callable[[], bool]) -> None:
        for _ in range(200):
            if done():
                return
            self.run(100)
        raise AssertionError(f"no progress: {list(self.statuses())}")

    def statuses(self) -> Iterator[str]:
        return (repr(node.raft.status()) for node in self.nodes.values())
