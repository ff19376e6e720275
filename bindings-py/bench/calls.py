"""What one call costs."""

import time
import timeit
from collections.abc import Callable

from quorate import Raft
from quorate.raft import Config, LogPos, Message, Notify, Persist, Run, Send


def costs(repeats: int) -> list[tuple[str, float]]:
    """Names, and nanoseconds: the best of several rounds, with the loop's own cost taken off."""
    lone = Raft(Config(1, [1]), seed=1, now_ns=0)
    follower = Raft(Config(1, [1, 2, 3]), seed=1, now_ns=0)
    heartbeat = bytes([1, 5, 0, 0]) + b"".join(n.to_bytes(8, "little") for n in (1, 1, 0, 0, 0, 0))
    message, now = Message.decode(heartbeat), 10**9
    follower.step(now, 2, message)
    outputs = follower.poll_outputs()
    persist = next(output for output in outputs if isinstance(output, Persist))
    follower.persisted(now, persist.id)
    send = Send(2, message)
    run = block(1_000, 64)
    letters = [(2, message)] * 10

    def matched() -> None:
        match send:
            case Send(to=_, message=_):
                pass
            case Notify():
                pass

    calls: list[tuple[str, Callable[[], object], int]] = [
        ("tick, nothing due", lambda: lone.tick(5), 1),
        ("next_tick", lone.next_tick, 1),
        ("poll_output, nothing owed", lone.poll_output, 1),
        ("poll_outputs, nothing owed", lone.poll_outputs, 1),
        ("status", lone.status, 1),
        ("step, a heartbeat", lambda: follower.step(now, 2, message), 1),
        ("step, a heartbeat as bytes", lambda: follower.step(now, 2, heartbeat), 1),
        ("step_many, a heartbeat of 10", lambda: follower.step_many(now, letters), 10),
        ("persisted, known already", lambda: follower.persisted(now, persist.id), 1),
        ("Message.encode, a heartbeat", message.encode, 1),
        ("Message.decode, a heartbeat", lambda: Message.decode(heartbeat), 1),
        ("LogPos(1, 2)", lambda: LogPos(1, 2), 1),
        ("match of a Send with its two fields", matched, 1),
        ("run.payloads, an entry of 1000, 64 B", run.payloads, 1_000),
        ("run.items, an entry of 1000, 64 B", run.items, 1_000),
        ("for entry in run, an entry of 1000", lambda: [entry for entry in run], 1_000),
        ("payload handed out, 64 B", block(1, 64).payloads, 1),
        ("payload handed out, 4 KiB", block(1, 4 << 10).payloads, 1),
        ("payload handed out, 256 KiB", block(1, 256 << 10).payloads, 1),
        ("Message.decode, an append of 256 KiB", decoder(256 << 10, bytes), 1),
        ("the same out of a bytearray (copied)", decoder(256 << 10, bytearray), 1),
    ]
    empty = best(lambda: None, repeats)
    return [(name, max(0.0, best(call, repeats) - empty) / parts) for name, call, parts in calls]


def best(call: Callable[[], object], repeats: int) -> float:
    """Nanoseconds of processor time."""
    timer = timeit.Timer(call, timer=time.process_time)
    number = 1
    while timer.timeit(number) < 0.002 and number < 1 << 20:
        number *= 2
    return min(timer.repeat(repeats, number)) / number * 1e9


def block(count: int, size: int) -> Run:
    return Run.decode(1, 1, count, (size.to_bytes(4, "little") + b"\0" + bytes(size)) * count)


def decoder(size: int, kind: Callable[[bytes], bytes | bytearray]) -> Callable[[], object]:
    head = bytes([1, 5, 2, 0]) + b"".join(n.to_bytes(8, "little") for n in (1, 1, 0, 0, 0, 0, 1))
    framed = kind(head + (1).to_bytes(4, "little") + block(1, size).body)
    return lambda: Message.decode(framed)
