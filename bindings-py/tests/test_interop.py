"""One group of both kinds of node: two of Python's, and the program `quorate` in Rust, which speak the same bytes."""

import asyncio
import json
import socket
import struct
import subprocess
from pathlib import Path

import pytest
import quorate
from quorate import Log
from quorate.aio import Node
from quorate.raft import Config, Entry, EntryKind

ROOT = Path(__file__).parent.parent.parent
# No machine is so busy that a leader is deposed for it.
TIMERS = Config(1, [1], election_timeout_min_ms=1_000, election_timeout_max_ms=1_500, heartbeat_interval_ms=50)
RUST = 1


def program() -> str:
    """Builds it, if the test command has not done so before."""
    words = ["cargo", "build", "--quiet", "--package", "quorate-agent", "--bin", "quorate", "--message-format", "json"]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    built = [json.loads(line) for line in done.stdout.splitlines()]
    return str(next(one["executable"] for one in built if one.get("executable")))


def line(number: int, text: bytes) -> bytes:
    """A line as the program keeps it: format, client, number, and the line; of other payloads it makes nothing."""
    return struct.pack("<BQQ", 1, 77, number) + text


async def until_all_have(nodes: list[Node], index: int) -> None:
    while min(node.applied for node in nodes) < index:
        await asyncio.sleep(0.01)


async def story(folder: Path, rust: str) -> list[Entry]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
    ports = [one.getsockname()[1] for one in sockets]
    sockets.pop(0).close()
    sockets.pop(2).close()
    peers = {id: ("127.0.0.1", port) for id, port in enumerate(ports[:3], 1)}
    client = f"127.0.0.1:{ports[3]}"
    listed = ",".join(f"{id}={host}:{port}" for id, (host, port) in peers.items())
    clients = f"1={client},2=127.0.0.1:1,3=127.0.0.1:2"
    timers = ["--election-timeout-min", "1000", "--election-timeout-max", "1500"]
    words = ["node", "--id", "1", "--peers", listed, "--clients", clients, "--dir", str(folder / "n1"), "--stop-at-eof", *timers]
    async with (
        Node(2, peers=peers, listen=sockets[0], dir=folder / "n2", config=TIMERS) as two,
        Node(3, peers=peers, listen=sockets[1], dir=folder / "n3", config=TIMERS) as three,
    ):
        nodes = [two, three]
        while not (leaders := [node for node in nodes if node.is_leader]):
            await asyncio.sleep(0.01)
        leader = leaders[0]
        for number in range(1, 51):
            await leader.append(line(number, b"from Python"))
        process = await asyncio.create_subprocess_exec(rust, *words, stdin=subprocess.PIPE)
        assert process.stdin is not None
        try:
            # It has missed everything, and takes it from Python.
            await asyncio.gather(*(leader.append(line(number, b"from Python")) for number in range(51, 101)))
            last = leader.applied
            while next(one.matched for one in leader.status().followers if one.id == RUST) < last:
                await asyncio.sleep(0.01)
            await leader.transfer(RUST)
            while {node.leader for node in nodes} != {RUST}:
                await asyncio.sleep(0.01)
            with pytest.raises(quorate.NotLeaderError) as refused:
                await leader.append(b"elsewhere")
            assert (refused.value.leader, refused.value.address) == (RUST, peers[RUST])
            # It leads, and Python takes from it.
            append = await asyncio.create_subprocess_exec(rust, "append", "--to", client, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            said, _ = await append.communicate(b"from Rust\n" * 100)
            assert said == b"100 lines acknowledged\n"
            await until_all_have(nodes, last + 100)
        finally:
            process.stdin.close()
            await process.wait()
        assert process.returncode == 0
        # Without it the other two are still a majority.
        while True:
            try:
                place = await two.append(line(101, b"the last"))
                break
            except quorate.NotLeaderError:
                two, three = three, two
                await asyncio.sleep(0.01)
        await until_all_have(nodes, place.index)
        entries = three.entries()
        return [await anext(entries) for _ in range(201)]


def test_python_and_rust_form_one_group(tmp_path: Path) -> None:
    rust = program()

    async def bounded() -> list[Entry]:
        async with asyncio.timeout(50):
            return await story(tmp_path, rust)

    entries = asyncio.run(bounded())
    texts = [entry.payload[17:] for entry in entries]
    assert texts == [b"from Python"] * 100 + [b"from Rust"] * 100 + [b"the last"]
    logs: list[list[Entry]] = []
    for id in (1, 2, 3):
        with Log.open(tmp_path / f"n{id}", cluster=1, node=id) as log:
            logs.append([entry for run in log.read(1, bytes_max=1 << 30) for entry in run])
    of_rust, *of_python = logs
    assert of_python[0] == of_python[1]
    assert of_rust == of_python[0][: len(of_rust)] and len(of_rust) >= 202, "what was decided while it ran"
    assert [entry for entry in of_python[0] if entry.kind is EntryKind.NORMAL] == entries
