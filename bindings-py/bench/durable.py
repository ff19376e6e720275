"""Prints how many synchronous writes a group of three processes does on the loopback, beside PySyncObj in the same run.

    python bench/durable.py                    # both; PySyncObj is in requirements.txt
    python bench/durable.py --only quorate

A write is synchronous when whoever asks waits until it is decided, and then asks for the next. `clients` is how many do so at once, in
the process of the leader. quorate acknowledges what is synced on a majority of disks. PySyncObj with its journal syncs nothing before it
answers. Time is the wall's: all three processes share one machine and one disk, in the folder for temporary files unless said otherwise
(`--dir`); in a folder that lives in memory syncs cost nothing, and the figures say less.
"""

import argparse
import asyncio
import contextlib
import json
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLIENTS = (1, 64, 1024)
PAYLOAD = bytes(64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["quorate", "pysyncobj"], help="leave the other one out")
    parser.add_argument("--rounds", type=int, default=3, help="how often each row is run; 3 if not given")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each round takes; 3 if not given")
    parser.add_argument("--dir", help="where the disks are")
    arguments = parser.parse_args()
    print(f"CPython {platform.python_version()}, {platform.machine()}; 3 processes on the loopback, {len(PAYLOAD)} B a write")
    print(f"\n{'synchronous writes per second':44} {'median':>10} {'best':>10}")
    best: dict[tuple[str, int], float] = {}
    for name in ("quorate", "pysyncobj"):
        if arguments.only in (None, name):
            for clients, rates in measured(name, arguments.rounds, arguments.seconds, arguments.dir):
                title = f"{name}, {clients} client{'s' if clients > 1 else ''} at once"
                print(f"{title:44} {statistics.median(rates):10,.0f} {max(rates):10,.0f}", flush=True)
                best[name, clients] = max(rates)
    if arguments.only is None:
        print("\nquorate, synced on a majority, beside PySyncObj, not synced; best and best:")
        for clients in CLIENTS:
            print(f"{clients:>5} at once {best['quorate', clients] / best['pysyncobj', clients]:31,.0f}x")


def measured(name: str, rounds: int, seconds: float, place: str | None) -> Iterator[tuple[int, list[float]]]:
    """Runs a group; for each number of clients its rates."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [one.getsockname()[1] for one in sockets]
    for taken in sockets:
        taken.close()
    with tempfile.TemporaryDirectory(dir=place) as folder, contextlib.ExitStack() as stack:
        members = [
            stack.enter_context(member(name, id, str(Path(folder, f"n{id}")), ports, rounds, seconds)) for id in (1, 2, 3)
        ]
        said: list[str] = []
        readers = [threading.Thread(target=lambda one=one: said.extend(one.stdout or ())) for one in members]
        for reader in readers:
            reader.start()
        last = (CLIENTS[-1], rounds)
        deadline = time.monotonic() + 120 + len(CLIENTS) * rounds * (seconds + 5)
        rates: dict[int, list[float]] = {clients: [] for clients in CLIENTS}
        while len(rates[last[0]]) < last[1]:
            assert time.monotonic() < deadline, f"{name} came to nothing"
            time.sleep(0.05)
            for line in list(said):
                said.remove(line)
                clients, rate = json.loads(line)
                rates[clients].append(rate)
        for one in members:
            assert one.stdin is not None
            one.stdin.close()
        for one, reader in zip(members, readers, strict=True):
            one.wait(timeout=60)
            reader.join()
    yield from rates.items()


@contextlib.contextmanager
def member(name: str, id: int, folder: str, ports: list[int], rounds: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, __file__, "--member", name, str(id), folder, str(rounds), str(seconds), *map(str, ports)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def quorate_member(id: int, folder: str, rounds: int, seconds: float, ports: list[int]) -> None:
    import quorate
    from quorate.aio import Node
    from quorate.raft import Config

    peers = {place: ("127.0.0.1", port) for place, port in enumerate(ports, 1)}
    timers = Config(1, [1], election_timeout_min_ms=1_000, election_timeout_max_ms=2_000)
    async with Node(id, peers=peers, dir=folder, config=timers) as node:
        end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        while not node.is_leader and not end.done():
            await asyncio.sleep(0.05)
        while node.is_leader and len(node.connected) < 2:
            await asyncio.sleep(0.05)

        async def client(until: float) -> int:
            count = 0
            while time.monotonic() < until:
                await node.append(PAYLOAD)
                count += 1
            return count

        with contextlib.suppress(quorate.NotLeaderError):
            for clients in CLIENTS if node.is_leader else ():
                for _ in range(rounds):
                    start = time.monotonic()
                    counts = await asyncio.gather(*(client(start + seconds) for _ in range(clients)))
                    print(json.dumps([clients, sum(counts) / (time.monotonic() - start)]), flush=True)
        await end


def pysyncobj_member(id: int, folder: str, rounds: int, seconds: float, ports: list[int]) -> None:
    from pysyncobj import SyncObj, SyncObjConf, replicated  # type: ignore[import-untyped]

    class Counter(SyncObj):  # type: ignore[misc]
        @replicated  # type: ignore[untyped-decorator]
        def take(self, payload: bytes) -> None:
            pass

    addresses = [f"127.0.0.1:{port}" for port in ports]
    own = addresses.pop(id - 1)
    Path(folder).mkdir()
    # What it can do is its best: it polls as often as its authors let it.
    counter: Any = Counter(own, addresses, conf=SyncObjConf(journalFile=str(Path(folder, "journal"))))
    end = threading.Thread(target=sys.stdin.read, daemon=True)
    end.start()
    while not counter._isReady():
        time.sleep(0.05)
    if counter._isLeader():
        for clients in CLIENTS:
            for _ in range(rounds):
                counts: list[int] = []
                start = time.monotonic()

                def client(start: float = start, counts: list[int] = counts) -> None:
                    count = 0
                    while time.monotonic() < start + seconds:
                        with contextlib.suppress(Exception):  # it gives some back as discarded
                            counter.take(PAYLOAD, sync=True, timeout=5.0)
                            count += 1
                    counts.append(count)

                threads = [threading.Thread(target=client) for _ in range(clients)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                print(json.dumps([clients, sum(counts) / (time.monotonic() - start)]), flush=True)
    end.join()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--member"]:
        name, id, folder, rounds, seconds, *ports = sys.argv[2:]
        if name == "quorate":
            asyncio.run(quorate_member(int(id), folder, int(rounds), float(seconds), [int(port) for port in ports]))
        else:
            pysyncobj_member(int(id), folder, int(rounds), float(seconds), [int(port) for port in ports])
    else:
        main()
