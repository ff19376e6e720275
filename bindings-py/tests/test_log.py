"""`quorate.Log`: what is durable, what comes back, and what is refused."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import quorate
from quorate import AppendErrorKind, Damage, Log, Raft, ReadErrorKind
from quorate.raft import Apply, Config, Fetch, HardState, Persist, Recovered, RecoveredRun, Run, Write

from test_raft import entry, u64
from test_raft_errors import same

SMALL = {"segment_bytes": 64 << 10, "record_bytes_max": 16 << 10}


def run(term: int, first: int, *payloads: bytes) -> Run:
    return Run.decode(term, first, len(payloads), b"".join(map(entry, payloads)))


def persist(id: int, run: Run | None, term: int = 1, commit: int = 0) -> Persist:
    return Persist(id, Write(HardState(term, None, commit), run))


def open_log(folder: Path, **options: Any) -> Log:
    return Log.open(folder, cluster=7, node=1, seed=42, **{**SMALL, **options})


def test_what_is_synced_comes_back(tmp_path: Path) -> None:
    with open_log(tmp_path / "log") as log:
        assert (log.recovered(), log.last, log.trimmed, log.folder) == (Recovered(), 0, None, tmp_path / "log")
        assert log.sync_ns == 0 == log.sync()
        log.append(persist(1, run(1, 1, b"one", b"two")))
        log.append(persist(2, None, term=2))
        before = time.perf_counter_ns()
        assert log.sync() == 2
        assert 0 < log.sync_ns <= time.perf_counter_ns() - before
        assert log.persist([persist(3, run(2, 2, b"instead"), term=2, commit=1), persist(4, run(2, 3, b"three"), term=2)]) == 4
        assert log.persist([]) == 4 and log.last == 3
        log.mark()
    log.close()  # again is nothing
    with open_log(tmp_path / "log") as log:
        assert log.recovered() == Recovered(HardState(2, None, 0), [RecoveredRun(1, 1, 1), RecoveredRun(2, 2, 2)])
        assert log.recovered(applied=1).applied == 1
        assert log.fetch(1).payloads() == [b"one"], "without what was overwritten"
        assert [found.items() for found in log.read(1)] == [[(1, b"one")], [(2, b"instead")], [(3, b"three")]]
        assert len(log.read(1, bytes_max=1)) == 1
        assert repr(log) == f'<Log in "{tmp_path / "log"}">'


def drive(folder: Path, payloads: list[bytes]) -> list[bytes]:
    """One node, alone, as durable as the disk: proposes, and returns all that it has applied since the beginning."""
    now, applied, waiting = 0, list[bytes](), list(payloads)
    with open_log(folder) as log:
        raft = Raft(Config(1, [1], append_bytes_max=8 << 10, cache_bytes_max=16 << 10), log.recovered(), seed=1, now_ns=now)
        while True:
            for output in raft.poll_outputs():
                match output:
                    case Persist():
                        raft.persisted(now, log.persist([output]))
                    case Apply(run):
                        applied += run.payloads()
                        raft.applied(now, run.last)
                    case Fetch(id, index):
                        raft.fetched(now, id, log.fetch(index))
            status = raft.status()
            if status.leader == 1 and not waiting and status.applied == status.last:
                return applied
            if status.leader == 1 and waiting:
                del waiting[: raft.propose_many(now, waiting[:20]).count]
            elif status.leader != 1:
                now = raft.next_tick() or now
                raft.tick(now)


def test_a_driver_in_python_is_durable(tmp_path: Path) -> None:
    first = [b"%d" % number * 500 for number in range(200)]
    assert drive(tmp_path, first) == first
    assert drive(tmp_path, [b"more"]) == [*first, b"more"]
    assert drive(tmp_path, []) == [*first, b"more"]


def test_the_same_calls_leave_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        drive(tmp_path / name, [b"x" * 7_000] * 12)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "b").iterdir()) and len(names) > 2
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def record(segment: bytes | bytearray) -> bytes | bytearray:
    """The first record of a segment, as docs/wal-format.md has it."""
    return segment[512 : 512 + int.from_bytes(segment[516:520], "little")]


def crc32c(data: bytes | bytearray) -> int:
    crc = 2**32 - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 2**32 - 1


def test_the_bytes_are_those_of_the_documented_format(tmp_path: Path) -> None:
    block = run(3, 1, b"one", b"two")
    with open_log(tmp_path) as log:
        log.persist([Persist(9, Write(HardState(3, 2, 1), block))])
    [segment] = tmp_path.glob("*.wal")
    bytes = record(segment.read_bytes())
    assert int.from_bytes(bytes[:4], "little") == crc32c(u64(1) + bytes[4:])
    assert bytes[28:32] == b"\x01\x19\0\0" and bytes[32:56] == u64(9, 1, 3)
    assert bytes[56:64] == b"\x02\0\0\0" + len(block.body).to_bytes(4, "little")
    assert bytes[64:89] == b"\x01" + u64(3, 2, 1) and bytes[89:].rstrip(b"\0") == block.body


def test_a_torn_end_is_dropped_and_told(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.persist([persist(1, run(1, 1, b"first"))])
    log.append(persist(2, run(1, 2, b"second" * 1_000)))  # large, so that it is written at once; never synced
    del log
    [segment] = tmp_path.glob("*.wal")
    segment.write_bytes(segment.read_bytes().replace(b"second", b"lost..", 1))
    with open_log(tmp_path) as log:
        assert log.last == 1 and log.trimmed is not None
        assert log.trimmed.startswith(f"{segment}: ") and "never durable, dropped" in log.trimmed
    with open_log(tmp_path) as log:
        assert (log.last, log.trimmed) == (1, None)


def test_a_log_that_no_raft_has_written(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.persist([persist(1, run(1, 1, b"one"))])
    del log  # not closed, so that this record is the only one
    [segment] = tmp_path.glob("*.wal")
    bytes = bytearray(segment.read_bytes())
    bytes[512 + 64] = 2  # the version of the hard state
    bytes[512:516] = crc32c(u64(1) + record(bytes)[4:]).to_bytes(4, "little")
    segment.write_bytes(bytes)
    with pytest.raises(quorate.ForeignLogError, match="version 2") as foreign:
        open_log(tmp_path)
    same(foreign.value, at=1)
    assert isinstance(foreign.value, ValueError)


def test_refused_writes_change_nothing(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append(persist(5, run(1, 1, b"one")))
    refused: list[tuple[AppendErrorKind, Persist, dict[str, int]]] = [
        (AppendErrorKind.OUT_OF_ORDER, persist(5, None), {"id": 5, "last": 5}),
        (AppendErrorKind.GAP, persist(6, run(1, 3, b"x")), {"first": 3, "last": 1}),
        (AppendErrorKind.TOO_LARGE, persist(6, run(1, 2, bytes(20_000))), {"bytes": 20_096, "bytes_max": 16 << 10}),
    ]
    for kind, write, details in refused:
        for attempt in (lambda: log.append(write), lambda: log.persist([write])):
            with pytest.raises(quorate.AppendError) as error:
                attempt()
            assert error.value.kind is kind and error.value.details.keys() == details.keys()
            if kind is not AppendErrorKind.TOO_LARGE:
                same(error.value, kind=kind, details=details)
            assert isinstance(error.value, ValueError) and "nothing was changed" in str(error.value)
    assert log.persist([persist(6, run(1, 2, b"two"))]) == 6 and log.last == 2
    for index in (0, 3):
        with pytest.raises(quorate.ReadError) as missing:
            log.fetch(index)
        assert isinstance(missing.value, LookupError) and missing.value.kind in set(ReadErrorKind)
    same(missing.value, kind=ReadErrorKind.BEYOND, details={"first": 3, "last": 2})


def test_whose_folder_it_is(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    with pytest.raises(quorate.LockedError) as locked:
        open_log(tmp_path)
    same(locked.value, folder=str(tmp_path))
    assert isinstance(locked.value, OSError)
    log.append(persist(1, run(1, 1, b"one")))
    log.close()
    for what, found, expected, named in [("cluster", 7, 8, {"cluster": 8}), ("node", 1, 2, {"node": 2})]:
        with pytest.raises(quorate.OtherLogError) as other:
            Log.open(tmp_path, **{"cluster": 7, "node": 1, "seed": 1, **SMALL, **named})
        same(other.value, what=what, found=found, expected=expected)
        assert isinstance(other.value, ValueError) and Path(other.value.file).parent == tmp_path
    with pytest.raises(quorate.ConfigError, match="segment_bytes is 5") as options:
        open_log(tmp_path, segment_bytes=5)
    same(options.value, field="segment_bytes")
    with pytest.raises(quorate.DiskError) as disk:
        open_log(Path(__file__))
    same(disk.value, operation="lock")
    assert isinstance(disk.value, OSError)


def test_damage_is_reported_and_never_trimmed(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.persist([persist(1, run(1, 1, b"first" * 100))])
        log.persist([persist(2, run(1, 2, b"second" * 100))])
    [segment] = [path for path in tmp_path.iterdir() if b"first" in path.read_bytes()]
    damaged = segment.read_bytes().replace(b"firstfirst", b"fIrstfirst", 1)
    segment.write_bytes(damaged)
    with pytest.raises(quorate.DamagedError) as found:
        open_log(tmp_path)
    same(found.value, file=str(segment), damage=Damage.RECORD)
    assert isinstance(found.value, OSError) and found.value.offset > 0
    assert segment.read_bytes() == damaged


OPEN: Any = Log.open


@pytest.mark.parametrize(("attempt", "kind", "words"), [
    (lambda log: OPEN(3, cluster=1, node=1), TypeError, "folder: expected a str or a path, not int"),
    (lambda log: OPEN("x", cluster="1", node=1), TypeError, "cluster: expected an int, not str"),
    (lambda log: OPEN("x", cluster=1, node=0), ValueError, "node: 0 is not a node"),
    (lambda log: OPEN("x", cluster=1, node=1, seed=-1), OverflowError, "seed: -1 is not within"),
    (lambda log: log.append(HardState(1, 1, 1)), TypeError, "persist: expected a Persist, not HardState"),
    (lambda log: log.persist(persist(1, None)), TypeError, "persists: expected a sequence of Persist, not Persist"),
    (lambda log: log.persist([persist(1, None), 3]), TypeError, r"persists\[1\]: expected a Persist, not int"),
    (lambda log: log.fetch("1"), TypeError, "index: expected an int, not str"),
    (lambda log: log.read(1, bytes_max=-1), OverflowError, "bytes_max: -1 is not within"),
    (lambda log: log.recovered(applied="1"), TypeError, "applied: expected an int, not str"),
])
def test_what_is_wrong_is_named(tmp_path: Path, attempt: Callable[[Any], object], kind: type[Exception], words: str) -> None:
    with open_log(tmp_path) as log, pytest.raises(kind, match=words):
        attempt(log)
    assert not Path("x").exists()


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.close()
    for attempt in (log.sync, log.mark, lambda: log.last, lambda: log.fetch(1), lambda: log.append(persist(1, None))):
        with pytest.raises(quorate.ClosedError, match="the log was closed") as closed:
            attempt()
        same(closed.value)
        assert isinstance(closed.value, ValueError)
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle"):
            duplicate(log)


def test_threads_take_turns(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    turn, next_id = threading.Lock(), iter(range(1, 10**9))
    synced: list[int] = []

    def write() -> None:
        for _ in range(20):
            with turn:  # ids go to the disk in their order
                id = next(next_id)
                log.append(persist(id, run(1, id, b"x" * 100)))
            upto = log.sync()
            assert upto >= id
            synced.append(upto)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(synced) == 80 == log.last
    log.close()
    assert open_log(tmp_path).last == 80


def test_other_threads_run_while_the_disk_works(tmp_path: Path) -> None:
    go, ran = threading.Event(), list[int]()

    def wait() -> None:
        go.wait()
        ran.append(1)

    other = threading.Thread(target=wait)
    other.start()
    interval = sys.getswitchinterval()
    with open_log(tmp_path) as log:
        try:
            sys.setswitchinterval(1_000)  # nobody is made to give way: the other thread runs only when we let go
            go.set()
            for id in range(1, 1_000):
                log.persist([persist(id, run(1, id, b"x"))])
                if ran:
                    break
            assert ran
        finally:
            sys.setswitchinterval(interval)
    other.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_child_cannot_touch_the_log(tmp_path: Path) -> None:
    """In a process of its own, so that pytest's threads are none of this."""
    program = """if True:
        import os, sys
        import quorate
        from quorate import Log, Raft
        from quorate.raft import Config, HardState, Persist, Write
        log = Log.open(sys.argv[1], cluster=1, node=1)
        raft = Raft(Config(1, [1]), seed=1, now_ns=0)
        child = os.fork()
        if child == 0:
            try:
                log.append(Persist(1, Write(HardState(1, None, 0), None)))
            except quorate.ClosedError as refused:
                assert "forked" in str(refused), refused
                assert raft.status().term == 0  # a node is memory only: the copy is a copy
                del log
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        log.append(Persist(1, Write(HardState(1, None, 0), None)))
        assert log.sync() == 1
        try:
            Log.open(sys.argv[1], cluster=1, node=1)
        except quorate.LockedError:
            print("still ours")
    """
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("still ours\n", 0), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_killed_process_loses_nothing_that_was_synced(tmp_path: Path) -> None:
    program = """if True:
        import sys
        from quorate import Log
        from quorate.raft import HardState, Persist, Run, Write
        log = Log.open(sys.argv[1], cluster=1, node=1)
        for id in range(1, 10**9):
            body = b"\\x04\\0\\0\\0\\0" + id.to_bytes(4, "little")
            log.append(Persist(id, Write(HardState(1, None, 0), Run.decode(1, id, 1, body))))
            print(log.sync(), flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split()]
    process.wait(60)
    process.stdout.close()
    with Log.open(tmp_path, cluster=1, node=1) as log:
        assert log.last >= max(told) >= 25
        for index in range(1, log.last + 1):
            assert log.fetch(index).payloads()[0] == index.to_bytes(4, "little")
