"""A node for programs without an event loop: its thread starts and ends with it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import quorate
from quorate.blocking import Node
from quorate.raft import Config, Entry

QUICK = Config(1, [1], election_timeout_min_ms=100, election_timeout_max_ms=200, heartbeat_interval_ms=20)


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("quorate")]


def test_a_node_in_a_thread(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def apply(entry: Entry) -> None:
        assert threading.current_thread().name == "quorate-1"
        seen.append(entry.payload)

    with Node("n1", dir=tmp_path, config=QUICK, apply=apply) as node:
        assert "quorate-1" in names()
        place = node.append(b"hello", timeout=30)
        assert node.read() >= place.index == node.applied and seen == [b"hello"]
        with ThreadPoolExecutor(8) as pool:
            places = list(pool.map(lambda number: node.append(b"%d" % number), range(200)))
        assert len({place.index for place in places}) == 200
        entries = node.entries()
        assert next(entries).payload == b"hello" and len([next(entries) for _ in range(200)]) == 200
        assert node.leader == node.id == 1 and node.status().commit >= node.applied and node.address[0] == "127.0.0.1"
        following = threading.Thread(target=lambda: list(entries))
        following.start()
        with pytest.raises(TypeError, match="payload: expected bytes"):
            node.append("text")  # type: ignore[arg-type]
    following.join()
    assert names() == []
    for question in (lambda: node.append(b"x"), node.read, node.start):
        with pytest.raises(quorate.NodeClosedError):
            question()
    assert list(node.entries()) == []
    with Node(1, dir=tmp_path, config=QUICK) as again:
        assert again.read(timeout=30) > place.index
        assert next(again.entries(place.index)).payload == b"hello"


def test_a_timeout_is_one(tmp_path: Path) -> None:
    with Node(1, dir=tmp_path, peers={2: "127.0.0.1:1"}, config=QUICK) as node:
        with pytest.raises(TimeoutError):
            node.append(b"nobody else is there", timeout=0.3)
        with pytest.raises(TimeoutError):
            node.read(timeout=0.1)
    assert names() == []


def test_what_fails_at_the_start_leaves_nothing(tmp_path: Path) -> None:
    with Node(1, dir=tmp_path, config=QUICK):
        other = Node(1, dir=tmp_path, config=QUICK)
        with pytest.raises(quorate.LockedError):
            other.start()
        assert names().count("quorate-1") == 1
        with pytest.raises(OSError, match="address already in use|in use"):
            with Node(2, dir=tmp_path / "other", listen=_taken()) as _:
                pass
    assert names() == []


def _taken() -> tuple[str, int]:
    import socket

    taken = socket.create_server(("127.0.0.1", 0))
    _KEPT.append(taken)
    return "127.0.0.1", taken.getsockname()[1]


_KEPT: list[object] = []
