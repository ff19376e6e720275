"""Three processes on the loopback; the one that leads is killed without warning, and comes back."""

import asyncio
import socket
import sys
from pathlib import Path

import quorate
from quorate import Log
from quorate.raft import EntryKind, LogPos

MEMBER = Path(__file__).parent / "member.py"


class Member:
    """A node's process, and what it said."""

    def __init__(self, id: int, folder: Path, ports: list[int], acknowledged: dict[LogPos, str]) -> None:
        self.id, self.folder, self.ports = id, folder, ports
        self.acknowledged = acknowledged
        self.acks: list[str] = []
        self.life = 0
        self.errors = ""

    async def start(self) -> None:
        self.life += 1
        words = [str(MEMBER), str(self.id), str(self.folder), str(self.life), *map(str, self.ports)]
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-X", "dev", "-W", "error", *words, stdin=pipe, stdout=pipe, stderr=pipe
        )
        self.listening = asyncio.create_task(self.listen())

    async def listen(self) -> None:
        assert self.process.stdout is not None and self.process.stderr is not None
        while line := await self.process.stdout.readline():
            match line.decode().split():
                case ["ack", index, term, payload] if line.endswith(b"\n"):
                    place = LogPos(int(term), int(index))
                    assert place not in self.acknowledged, "two entries at one place"
                    self.acknowledged[place] = payload
                    self.acks.append(payload)
        self.errors += (await self.process.stderr.read()).decode()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()
        await self.listening

    async def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.wait()
        await self.listening
        assert self.process.returncode == 0 and not self.errors, self.errors


async def more(members: list[Member], count: int) -> Member:
    """Waits for so many more acknowledgements of one of them; returns it."""
    before = {member.id: len(member.acks) for member in members}
    while True:
        for member in members:
            if len(member.acks) >= before[member.id] + count:
                return member
        assert any(member.process.returncode is None for member in members), [member.errors for member in members]
        await asyncio.sleep(0.01)


async def story(folder: Path) -> dict[LogPos, str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    acknowledged: dict[LogPos, str] = {}
    members = [Member(id, folder / f"n{id}", ports, acknowledged) for id in (1, 2, 3)]
    for member in members:
        await member.start()
    try:
        for _ in range(2):
            leader = await more(members, 50)
            await leader.kill()
            others = [member for member in members if member is not leader]
            await more(others, 50)
            await leader.start()
            await more(members, 50)
    finally:
        for member in members:
            if sys.exc_info()[0] is not None and member.process.returncode is None:
                await member.kill()
    for member in members:
        await member.stop()
    return acknowledged


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    async def bounded() -> dict[LogPos, str]:
        async with asyncio.timeout(50):
            return await story(tmp_path)

    acknowledged = asyncio.run(bounded())
    assert len(acknowledged) >= 300
    logs: list[dict[LogPos, str]] = []
    for id in (1, 2, 3):
        with Log.open(tmp_path / f"n{id}", cluster=1, node=id) as log:
            entries = [entry for run in log.read(1, bytes_max=1 << 30) for entry in run]
            assert [entry.index for entry in entries] == list(range(1, log.last + 1))
            logs.append({
                LogPos(entry.term, entry.index): entry.payload.decode() for entry in entries if entry.kind is EntryKind.NORMAL
            })
    for place, payload in acknowledged.items():
        holders = [log for log in logs if log.get(place) == payload]
        assert len(holders) >= 2, f"{payload} at {place} is on {len(holders)} disks"
    # None is invented or there twice, and each client's are in the order in which it asked.
    longest = max(logs, key=len)
    assert len(set(longest.values())) == len(longest)
    last: dict[str, int] = {}
    for place in sorted(longest, key=lambda place: place.index):
        client, number = longest[place].rsplit(".", 1)
        assert int(number) > last.get(client, -1), "the order of one client"
        last[client] = int(number)
    asked = {payload.rsplit(".", 1)[0] for payload in acknowledged.values()}
    assert {client.split(".")[0] for client in last} <= {"1", "2", "3"} and asked <= set(last)
    assert issubclass(quorate.ReplacedError, quorate.RaftError)
