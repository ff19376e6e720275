"""One node in a process of its own, for test_aio_processes.py: appends while it leads, and says what was acknowledged.

    python member.py <id> <folder> <life> <port> <port> ...

It ends when its standard input does.
"""

import asyncio
import sys

import quorate
from quorate.aio import Node
from quorate.raft import Config

TIMERS = Config(1, [1], election_timeout_min_ms=500, election_timeout_max_ms=1_000, heartbeat_interval_ms=50)


async def client(node: Node, name: str) -> None:
    number = 0
    while True:
        payload = f"{name}.{number}".encode()
        try:
            place = await node.append(payload)
        except quorate.NotLeaderError:
            await asyncio.sleep(0.02)
            continue
        except (quorate.ReplacedError, quorate.NodeClosedError):
            pass
        else:
            print("ack", place.index, place.term, payload.decode(), flush=True)
        number += 1


async def main(id: int, folder: str, life: str, ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    # The developer's mode says of what takes a tenth of a second that it does: on a busy machine anything may.
    loop.slow_callback_duration = 60.0
    peers = {place: ("127.0.0.1", port) for place, port in enumerate(ports, 1)}
    async with Node(id, peers=peers, dir=folder, config=TIMERS) as node:
        clients = [asyncio.create_task(client(node, f"{id}.{life}.{one}")) for one in range(4)]
        print("up", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        for one in clients:
            one.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    print("down", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], [int(port) for port in sys.argv[4:]]))
