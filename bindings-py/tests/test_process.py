"""What a long-lived process expects: threads, memory, signals."""

import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import quorate
from quorate import Log, Raft
from quorate.raft import Config, HardState, LogPos, Message, Persist, Run, Write

from group import Group
from test_raft import APPEND, RUN, VALUES, ZERO, append, one_node, settle


def test_threads_share_a_node() -> None:
    raft, now = one_node()
    places: list[list[LogPos]] = [[] for _ in range(4)]
    go, applied = threading.Barrier(5), 0

    def propose(at: int) -> None:
        go.wait()
        while len(places[at]) < 500:
            try:
                places[at].append(raft.propose(now, b"%d" % at))
            except quorate.FullError:
                pass

    threads = [threading.Thread(target=propose, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    go.wait()
    while applied < 2_000:
        applied += len(settle(raft, now))
        raft.check()
    for thread in threads:
        thread.join()
    taken = sorted(place.index for own in places for place in own)
    assert taken == list(range(2, 2_002)), "every place was given once"
    assert all(own == sorted(own) for own in places)


def test_threads_share_values() -> None:
    message, run = Message.decode(APPEND), RUN
    wrong: list[object] = []

    def look() -> None:
        for _ in range(500):
            if message.encode() != APPEND or run.payloads() != [b"one", b"two"] or hash(run) != hash(RUN):
                wrong.append(1)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def resident() -> int:
    """Bytes in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


BIG = bytes(100_000)


def use_everything(log: Log, id: int) -> None:
    """A turn of all that this package does, errors included."""
    raft, now = one_node()
    raft.propose(now, BIG)
    raft.propose_many(now, [BIG, bytearray(BIG)])
    settle(raft, now)
    follower = Raft(Config(1, [1, 2]), seed=1, now_ns=0)
    follower.step(now, 2, append(3, ZERO, BIG))  # the bytes object is kept for as long as the entry is
    for output in follower.poll_outputs():
        repr(output)
    for attempt in (
        lambda: follower.step(now, 9, APPEND),
        lambda: follower.propose(now, b"x"),
        lambda: follower.persisted(now, 99),
        lambda: Message.decode(APPEND[:-1]),
        lambda: Config(1, [2]),
        lambda: Run.decode(1, 1, 1, b""),
    ):
        with pytest.raises(quorate.QuorateError):
            attempt()
    log.append(Persist(id, Write(HardState(3, None, 0), Run.decode(3, id, 1, append(3, ZERO, BIG)[64:]))))
    assert log.fetch(id).payloads() == [BIG]
    for value in VALUES:
        repr(value)
        hash(value)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads what Linux says of its memory")
def test_nothing_leaks(tmp_path: Path) -> None:
    ids = iter(range(1, 100))
    with Log.open(tmp_path / "log", cluster=1, node=1) as log:
        for _ in range(5):
            use_everything(log, next(ids))
        gc.collect()
        tracemalloc.start()
        before, blocks, objects = resident(), tracemalloc.take_snapshot(), len(gc.get_objects())
        for _ in range(40):
            use_everything(log, next(ids))
        gc.collect()
        grown = sum(stat.size_diff for stat in tracemalloc.take_snapshot().compare_to(blocks, "filename"))
        tracemalloc.stop()
        # Each turn holds more than a megabyte; a leak of one payload a turn would be 4 MB.
        assert grown < 400_000, "Python's own memory"
        assert resident() - before < 3_000_000, "all of the process's"
        assert len(gc.get_objects()) - objects < 200


def test_large_bytes_are_shared_and_let_go() -> None:
    framed = append(3, ZERO, BIG)
    count = sys.getrefcount(framed)
    message = Message.decode(framed)
    assert sys.getrefcount(framed) == count + 1, "kept, not copied"
    assert message.run is not None and message.run.payloads() == [BIG]
    run = message.run
    del message
    assert sys.getrefcount(framed) == count + 1, "the run holds on to it"
    del run
    assert sys.getrefcount(framed) == count
    small = append(3, ZERO, b"x")
    count = sys.getrefcount(small)
    message = Message.decode(small)
    assert sys.getrefcount(small) == count, "copied"


def test_outputs_do_not_hold_the_node() -> None:
    group = Group(3, seed=5)
    group.until(lambda: group.leader() is not None)
    raft = next(iter(group.nodes.values())).raft
    count = sys.getrefcount(raft)
    outputs = [raft.poll_outputs(), raft.status(), raft.next_tick()]
    kept = sys.getrefcount(raft)
    assert kept == count, "nothing that it gives holds on to it"
    del outputs


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("busy", ["propose", "log"])
def test_ctrl_c_stops_a_busy_loop(busy: str, tmp_path: Path) -> None:
    """Every call is short, so that Python handles the signal between two of them, and what was synced stays."""
    program = """if True:
        import sys
        from quorate import Log, Raft
        from quorate.raft import *
        raft = Raft(Config(1, [1]), seed=1, now_ns=0)
        now = raft.next_tick()
        raft.tick(now)
        log = Log.open(sys.argv[2], cluster=1, node=1)
        payloads = [bytes(10)] * 100_000
        try:
            for turn in range(10**9):
                if turn == 3:
                    print("busy", flush=True)
                if sys.argv[1] == "propose":
                    try:
                        raft.propose_many(now, payloads)
                    except RuntimeError:  # not yet the leader, or full
                        pass
                for output in raft.poll_outputs():
                    match output:
                        case Persist(id=id):
                            raft.persisted(now, log.persist([output]))
                        case Apply(run=run):
                            raft.applied(now, run.last)
                if sys.argv[1] == "log":
                    log.mark()
                    try:
                        raft.propose(now, bytes(1000))
                    except RuntimeError:
                        pass
        except KeyboardInterrupt:
            raft.check()
            log.sync()
            log.close()
            print("interrupted")
    """
    process = subprocess.Popen(
        [sys.executable, "-c", program, busy, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "busy\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("interrupted\n", 0), err
    with Log.open(tmp_path, cluster=1, node=1) as log:
        assert log.trimmed is None


CALLS: list[Callable[[Raft], object]] = [Raft.status, Raft.poll_outputs, Raft.next_tick, Raft.check]


def test_an_exception_in_the_making_may_call_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making an exception runs Python code; no lock is held then."""
    raft = Raft(Config(1, [1, 2]), seed=1, now_ns=0)
    seen: list[object] = []

    class Curious(quorate.RaftError):
        def __init__(self, message: str) -> None:
            super().__init__(message)
            seen.extend(call(raft) for call in CALLS)

    for name in ("NotLeaderError", "PeerError", "MisuseError", "NoSuchPeerError"):
        monkeypatch.setattr(f"quorate._errors.{name}", Curious)
    attempts: list[Callable[[], object]] = [
        lambda: raft.propose(1, b""),
        lambda: raft.step(1, 9, APPEND),
        lambda: raft.persisted(1, 99),
        lambda: raft.transfer_leadership(1, 9),
    ]
    for attempt in attempts:
        with pytest.raises(Curious):
            attempt()
    assert len(seen) == len(attempts) * len(CALLS)
    assert raft.step_many(1, [(9, APPEND)])[0][0] == 0
