"""The same group of PySyncObj. To its advantage: messages are handed over as objects, without its pickle, zlib and TCP, and
the time in which it waits for its clock is slept away, so that it costs no processor time."""

import time
from typing import Any

from pysyncobj import SyncObj, SyncObjConf, replicated  # type: ignore[import-untyped]
from pysyncobj.node import Node  # type: ignore[import-untyped]
from pysyncobj.transport import Transport  # type: ignore[import-untyped]

NODES = ("a", "b", "c")


class Wire(Transport):  # type: ignore[misc]
    """Messages go into the other one's list."""

    def __init__(self, own: Node, wires: dict[str, "Wire"]) -> None:
        super().__init__(None, own, [])
        self.own, self.wires = own, wires
        self.mail: list[tuple[Node, Any]] = []

    def send(self, node: Node, message: Any) -> bool:
        self.wires[node.id].mail.append((self.own, message))
        return True

    def deliver(self) -> bool:
        mail, self.mail = self.mail, []
        for sender, message in mail:
            self._onMessageReceived(sender, message)
        return bool(mail)

    def connect(self) -> None:
        for wire in self.wires.values():
            if wire is not self:
                self._onNodeConnected(wire.own)


class Counter(SyncObj):  # type: ignore[misc]
    def __init__(self, own: Node, others: list[Node], conf: Any, wire: Wire) -> None:
        self.applied = 0
        super().__init__(own, others, conf=conf, transport=wire)

    @replicated  # type: ignore[untyped-decorator]
    def take(self, payload: bytes) -> None:
        self.applied += 1


class Group:
    def __init__(self, *, batch: bool) -> None:
        nodes = {name: Node(name) for name in NODES}
        self.wires: dict[str, Wire] = {}
        for name, node in nodes.items():
            self.wires[name] = Wire(node, self.wires)
        self.objects = []
        for name, node in nodes.items():
            others = [other for other in nodes.values() if other is not node]
            conf = SyncObjConf(autoTick=False, appendEntriesUseBatch=batch)
            self.objects.append(Counter(node, others, conf, self.wires[name]))
        for wire in self.wires.values():
            wire.connect()
        self.leader = self.objects[0]
        while not any(self.leads(one) for one in self.objects):
            self.turn()
        self.leader = next(one for one in self.objects if self.leads(one))

    @staticmethod
    def leads(one: Counter) -> bool:
        return bool(one._isLeader()) and one._isReady()

    def turn(self) -> None:
        before = [one.applied for one in self.objects]
        for one in self.objects:
            one.doTick(0.0)
        heard = [wire.deliver() for wire in self.wires.values()]
        if not any(heard) and before == [one.applied for one in self.objects]:
            time.sleep(0.001)

    def propose(self, payloads: list[bytes]) -> None:
        done = self.leader.applied + len(payloads)
        for payload in payloads:
            self.leader.take(payload)
        while self.leader.applied < done:
            self.turn()

    def one_by_one(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            self.propose([payload])

    def finish(self) -> int:
        while len({one.applied for one in self.objects}) > 1:
            self.turn()
        return self.leader.applied

    def close(self) -> None:
        for one in self.objects:
            one.destroy()
