"""Prints what a proposal costs, beside PySyncObj in the same run, and what one call costs.

    python bench/main.py               # everything; PySyncObj is in requirements.txt
    python bench/main.py --only quorate

Counted is the processor time of the whole process, in which all three nodes and the loop that drives them live; waiting costs
nothing. Each row is run several times, and its median and its best are printed. A row counts only if all three nodes have
applied the same number of entries at its end.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Protocol

import ours
from calls import costs

PAYLOAD = bytes(64)


class Group(Protocol):
    def finish(self) -> int:
        """Lets all nodes catch up; how many entries each has applied."""
        ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["quorate", "pysyncobj"], help="leave the other one out")
    parser.add_argument("--rounds", type=int, default=7, help="how often each row is run; 7 if not given")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the load, for a quick look; 1 if not given")
    arguments = parser.parse_args()
    print(f"CPython {platform.python_version()}, {platform.machine()}; 3 nodes in memory, {len(PAYLOAD)} B a proposal")
    rows(arguments.only, arguments.rounds, arguments.scale)
    if arguments.only != "pysyncobj":
        print(f"\n{'cost of one call':38} {'ns':>8}")
        for name, nanoseconds in costs(max(3, arguments.rounds)):
            print(f"{name:38} {nanoseconds:8.0f}")


def rows(only: str | None, rounds: int, scale: float) -> None:
    print(f"\n{'proposals per second of processor time':48} {'median':>10} {'best':>10}")
    best: dict[str, float] = {}
    if only != "pysyncobj":
        for name, encoded in (("", False), (", as bytes", True)):
            group = ours.Group(encoded=encoded)
            for title, propose, size, times in (
                ("batches of 1000", group.batched, 1_000, 200),
                ("one by one", group.one_by_one, 100, 50),
            ):
                rate = row(f"quorate, {title}{name}", group, propose, size, int(times * scale), rounds)
                best[title + name] = rate
    if only != "quorate":
        import pysyncobj_group

        for title, batch, size in (("batches of 1000", True, 1_000), ("one by one", False, 100)):
            them = pysyncobj_group.Group(batch=batch)
            propose = them.propose if batch else them.one_by_one
            best["PySyncObj, " + title] = row(f"PySyncObj, {title}", them, propose, size, int(5 * scale), rounds)
            them.close()
    if only is None:
        print("\nquorate, messages as bytes, beside PySyncObj, best and best:")
        for title in ("batches of 1000", "one by one"):
            print(f"{title:48} {best[title + ', as bytes'] / best['PySyncObj, ' + title]:9.0f}x")


def row(
    name: str, group: Group, propose: Callable[[list[bytes]], None], size: int, times: int, rounds: int
) -> float:
    payloads, rates = [PAYLOAD] * size, list[float]()
    times = max(1, times)
    before = group.finish()
    propose(payloads)  # warm
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            propose(payloads)
        rates.append(times * size / max(time.process_time() - start, 1e-9))
    assert group.finish() - before == (rounds * times + 1) * size, "every node has applied every proposal"
    print(f"{name:48} {statistics.median(rates):10,.0f} {max(rates):10,.0f}", flush=True)
    return max(rates)


if __name__ == "__main__":
    main()
