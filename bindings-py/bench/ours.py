"""Three nodes of `quorate.Raft` in one thread, in memory, driven as a program would drive them."""

from collections import deque

from quorate import Raft
from quorate.raft import Apply, BecameLeader, Config, Message, Notify, Persist, Send

NODES: tuple[int, ...] = (1, 2, 3)


class Group:
    """Every write is durable at once, and every message arrives, in order. `encoded`: it arrives as bytes."""

    def __init__(self, *, encoded: bool) -> None:
        self.encoded = encoded
        self.now = 0
        self.rafts = {id: Raft(Config(id, NODES), seed=id, now_ns=0) for id in NODES}
        self.applied = dict.fromkeys(NODES, 0)
        self.mail: dict[int, deque[tuple[int, Message | bytes]]] = {id: deque() for id in NODES}
        self.leader = 0
        while not self.leader:
            self.pass_time()

    def batched(self, payloads: list[bytes]) -> None:
        """All of them with one call; returns when the leader has applied them."""
        done = self.applied[self.leader] + len(payloads)
        while self.applied[self.leader] < done:
            room = done - self.applied[self.leader]
            self.rafts[self.leader].propose_many(self.now, payloads[-room:])
            self.settle()

    def one_by_one(self, payloads: list[bytes]) -> None:
        """Each when the leader has applied the one before."""
        leader, applied = self.rafts[self.leader], self.applied
        for payload in payloads:
            done = applied[self.leader] + 1
            leader.propose(self.now, payload)
            self.settle()
            assert applied[self.leader] == done

    def finish(self) -> int:
        """Lets the followers catch up; how many entries each has applied, which is the same number for all."""
        while len(set(self.applied.values())) > 1:
            self.pass_time()
        return self.applied[self.leader]

    def pass_time(self) -> None:
        dues = (raft.next_tick() for raft in self.rafts.values())
        self.now = min(due for due in dues if due is not None)
        for raft in self.rafts.values():
            raft.tick(self.now)
        self.settle()

    def settle(self) -> None:
        """Executes what is owed and delivers what was sent, until nothing is left."""
        now, mail, rafts, busy = self.now, self.mail, self.rafts, True
        while busy:
            busy = False
            for id, raft in rafts.items():
                letters = mail[id]
                while letters:
                    sender, message = letters.popleft()
                    raft.step(now, sender, message)
                for output in raft.poll_outputs():
                    busy = True
                    match output:
                        case Send(to=to, message=message):
                            mail[to].append((id, message.encode() if self.encoded else message))
                        case Persist(id=write):
                            raft.persisted(now, write)
                        case Apply(run=run):
                            self.applied[id] += len(run.payloads())
                            raft.applied(now, run.last)
                        case Notify(event=BecameLeader()):
                            self.leader = id
