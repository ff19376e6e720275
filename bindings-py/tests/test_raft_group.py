"""Whole groups, driven from Python, against what Raft promises. `group.py` has the network, the disks and the judge."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from quorate.raft import EntryKind, Role

from group import Group


def test_a_group_agrees() -> None:
    group = Group(3, seed=1)
    group.until(lambda: group.leader() is not None)
    assert group.propose([b"one"]) == 1
    assert group.propose([b"two", b"three"]) == 2
    group.judge()
    payloads = [entry.payload for entry in group.committed if entry.kind is EntryKind.NORMAL]
    assert payloads == [b"one", b"two", b"three", b"the last"]
    assert [entry.stamp for entry in group.committed[:3]] == [None, 3, None], "what was stamped, comes out stamped"
    roles = sorted(node.raft.status().role.name for node in group.nodes.values())
    assert roles == ["FOLLOWER", "FOLLOWER", "LEADER"]


def test_entries_come_back_from_the_disk() -> None:
    group = Group(3, seed=2)
    group.until(lambda: group.leader() is not None)
    late = next(id for id in group.ids if id != group.leader())
    group.crash(late)
    for number in range(100):
        group.propose([b"%04d" % number * 8])
        group.run(10)
    assert len(group.acknowledged) == 100 and group.leader() is not None
    group.judge()
    assert len(group.nodes[late].applied) == len(group.committed) > 100


def test_a_minority_decides_nothing_and_answers_no_read() -> None:
    group = Group(5, seed=3)
    group.until(lambda: group.leader() is not None)
    old = group.leader()
    assert old is not None
    group.islands = {old: 1, old % 5 + 1: 1}
    group.propose([b"never"])
    group.read()
    group.run(2_000)
    assert not group.acknowledged and group.answered_reads == 0
    assert group.leader() not in (None, old)
    group.propose([b"instead"])
    group.judge()
    assert set(group.acknowledged.values()) == {b"instead", b"the last"}


@pytest.mark.parametrize("seed", range(20))
def test_a_lossy_network_costs_no_acknowledged_entry(seed: int) -> None:
    group = Group(3, seed, loss=0.1, disk_lag=0.8, crashes=0.01)
    for number in range(100):
        group.propose([b"%d" % number])
        group.run(20)
    group.judge()


class Harm(RuleBasedStateMachine):
    """Hypothesis chooses what goes wrong, and shrinks what then fails."""

    group: Group

    @initialize(nodes=st.sampled_from([1, 2, 3, 5]), seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.1, 0.4]))
    def begin(self, nodes: int, seed: int, loss: float) -> None:
        self.group = Group(nodes, seed, loss=loss, disk_lag=min(2 * loss, 0.8), crashes=loss / 20)
        self.proposals = 0

    @rule(ms=st.sampled_from([1, 30, 200, 1_000]))
    def time_passes(self, ms: int) -> None:
        self.group.run(ms)

    @rule(count=st.integers(1, 20))
    def propose(self, count: int) -> None:
        payloads = [b"%d" % number for number in range(self.proposals, self.proposals + count)]
        self.proposals += self.group.propose(payloads)

    @rule()
    def read(self) -> None:
        self.group.read()

    @rule(id=st.integers(1, 5), back=st.booleans())
    def crash(self, id: int, back: bool) -> None:
        self.group.crash(id)
        if back and id in self.group.ids:
            self.group.start(id)

    @rule(islands=st.lists(st.integers(0, 1), min_size=5, max_size=5))
    def part(self, islands: list[int]) -> None:
        self.group.islands = dict(enumerate(islands, start=1))

    @rule()
    def heal(self) -> None:
        group = self.group
        harm = group.loss, group.disk_lag, group.crashes
        group.heal()
        group.loss, group.disk_lag, group.crashes = harm

    @rule(id=st.integers(1, 5))
    def hand_over(self, id: int) -> None:
        leader = self.group.leader()
        if leader is not None and id in self.group.ids and id != leader:
            raft = self.group.nodes[leader].raft
            if raft.status().role is Role.LEADER:
                try:
                    raft.transfer_leadership(self.group.now, id)
                except RuntimeError as refused:
                    assert "handed over" in str(refused)

    @invariant()
    def nodes_are_sound(self) -> None:
        for node in self.group.nodes.values() if hasattr(self, "group") else ():
            node.raft.check()

    def teardown(self) -> None:
        if hasattr(self, "group"):
            self.group.judge()


TestHarm = Harm.TestCase
TestHarm.settings = settings(max_examples=150, stateful_step_count=30, deadline=None, print_blob=True)
