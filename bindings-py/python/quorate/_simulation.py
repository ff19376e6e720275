"""A group of Raft nodes under one seed, in virtual time."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast, final

from quorate import simulation as parts
from quorate._errors import NotReachedError, QuorateError, ViolationError
from quorate._kinds import MessageKind, Role
from quorate._quorate import SimulationCore
from quorate.simulation import Entry, Event, Fault, LogPos, NodeStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from quorate._timeline import Timeline

_T = TypeVar("_T")
_SECOND: Final = 1_000_000_000
_EVERY: Final = 2**64 - 1


@final
class Node:
    """A node of a simulation, as it is when it is asked. `status` is all of it at one moment."""

    __slots__ = ("_core", "_id")

    def __init__(self, core: SimulationCore, id: int) -> None:
        self._core, self._id = core, id

    @property
    def id(self) -> int:
        """Its number, from 1."""
        return self._id

    @property
    def status(self) -> NodeStatus:
        """What can be seen of it, frozen."""
        role, term, leader, commit, applied, last, durable, vote, paused, retired, heard = self._core.view(self._id)
        return NodeStatus(
            id=self._id,
            role=None if role is None else Role[role],
            term=term,
            leader=leader,
            commit=commit,
            applied=applied,
            last=LogPos(*last),
            durable=LogPos(*durable),
            voted_for=vote,
            paused=paused,
            retired=retired,
            quorum_heard=heard,
        )

    @property
    def role(self) -> Role | None:
        """Its role; `None` while it is down."""
        return self.status.role

    @property
    def term(self) -> int:
        """Its term."""
        return self.status.term

    @property
    def leader(self) -> int | None:
        """The leader of its term, when known."""
        return self.status.leader

    @property
    def commit(self) -> int:
        """The last entry that it knows to be committed."""
        return self.status.commit

    @property
    def applied(self) -> int:
        """The last entry that its state machine has done."""
        return self.status.applied

    @property
    def up(self) -> bool:
        """Whether it runs, paused or not."""
        return self.status.up

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self.status.paused

    @property
    def log(self) -> tuple[Entry, ...]:
        """The entries that it has written, committed or not, oldest first."""
        return tuple(Entry(*entry) for entry in self._core.log(self._id, 0))

    def __repr__(self) -> str:
        status = self.status
        role = "down" if status.role is None else status.role.value
        return f"<node {self._id}: {role}, term {status.term}, commit {status.commit}, applied {status.applied}>"


@final
class _Nodes(Mapping[int, Node]):
    """The nodes by their numbers, from 1."""

    __slots__ = ("_nodes",)

    def __init__(self, core: SimulationCore) -> None:
        self._nodes = {id: Node(core, id) for id in range(1, core.size + 1)}

    def __getitem__(self, id: int) -> Node:
        if not isinstance(id, int):
            raise TypeError(f"node: expected an int, not {type(id).__name__}")
        if id not in self._nodes:
            raise IndexError(f"node: there is no node {id}; they are numbered 1 to {len(self._nodes)}")
        return self._nodes[id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, id: object) -> bool:
        return id in self._nodes

    def __repr__(self) -> str:
        return f"[{', '.join(map(repr, self._nodes.values()))}]"


@final
class Simulation:
    """A group of Raft nodes in one process, in virtual time: the real cores over simulated networks, disks and clocks.

    Everything that chance decides is drawn from `seed`. The same seed and the same calls give the same run, on every machine:
    `digest` is equal then. After every event judges look at all nodes from outside; when a law of Raft is broken they raise
    `ViolationError`, which says how to see it again.

    `nodes` are numbered from 1. `faults` are those that come by themselves, every few seconds or to a few of a hundred
    messages: members of `quorate.simulation.Fault`, or their names. `clients` propose and read by themselves, ten times a second
    each. The newest `trace_max` lines of text and `events_max` events are kept; a simulation that keeps neither is faster.

    The election timeout is 150 to 300 ms, the heartbeat comes every 30 ms, messages take 0.5 to 1.5 ms and syncs up to 0.5 ms.

    Threads may share a simulation, but whose call comes first is then not for the seed to say.

    Raises `ValueError` for fewer nodes than 1 or more than 31, more clients than 100, and unknown faults.
    """

    def __init__(
        self,
        seed: int,
        nodes: int = 5,
        faults: Iterable[Fault | str] = (),
        *,
        clients: int = 0,
        trace_max: int = 10_000,
        events_max: int = 100_000,
    ) -> None:
        if isinstance(faults, str):
            raise TypeError(f"faults: expected an iterable of names, not one str; write [{faults!r}]")
        names = [str(fault) for fault in faults] if isinstance(faults, Iterable) else faults
        core = SimulationCore(seed, nodes, names, clients, trace_max, events_max)
        made = f"sim = quorate.Simulation({int(seed)}, nodes={int(nodes)}, faults={names!r}, clients={int(clients)})"
        self._begin(core, int(seed), [made])

    @classmethod
    def drawn(cls, seed: int, *, trace_max: int = 10_000, events_max: int = 100_000) -> Self:
        """The whole run that `quorate-sim raft --seed` plays: its group, its faults, its clients and its end are drawn, too.

        Left alone it does to the last bit what that program does, and `digest` says so.
        """
        self = cls.__new__(cls)
        core = SimulationCore.drawn(seed, trace_max, events_max)
        self._begin(core, int(seed), [f"sim = quorate.Simulation.drawn({int(seed)})"])
        return self

    def _begin(self, core: SimulationCore, seed: int, lines: list[str]) -> None:
        self._core = core
        self._seed = seed
        self._nodes = _Nodes(core)
        self._lines = lines
        # Up to where the lines lead: events, and virtual time.
        self._led = (0, 0)
        # What plays a law that was broken again.
        self._replay: str | None = None

    # What there is to see.

    @property
    def seed(self) -> int:
        """What chance is drawn from."""
        return self._seed

    @property
    def now(self) -> float:
        """The virtual time, in seconds."""
        return self._core.now_ns / _SECOND

    @property
    def steps(self) -> int:
        """Events so far."""
        return self._core.steps

    @property
    def digest(self) -> str:
        """All that was done so far, in one number of 16 hexadecimal digits."""
        return self._core.digest

    @property
    def nodes(self) -> Mapping[int, Node]:
        """The nodes, by their numbers: `sim.nodes[1].role`."""
        return self._nodes

    @property
    def leader(self) -> int | None:
        """The node that leads the newest term that is led. An older leader may not know of it yet."""
        return self._core.leader

    @property
    def idle(self) -> bool:
        """Whether nothing is left to happen, as when all nodes are down, or a drawn run is over."""
        return self._core.next_ns is None

    @property
    def totals(self) -> dict[str, int]:
        """What happened, in numbers, by their names."""
        return dict(self._core.totals())

    def trace(self) -> list[str]:
        """The newest lines of the trace, oldest first: time, node, and what it did, in words."""
        return self._core.lines()

    def events(self) -> list[Event]:
        """The newest events, oldest first."""
        return [_event(told) for told in self._core.happenings(0)]

    def acknowledged(self, place: LogPos) -> bool:
        """Whether the entry at this place is applied, and its client was told so."""
        if not isinstance(place, LogPos):
            raise TypeError(f"place: expected a LogPos, not {type(place).__name__}")
        return self._core.is_acknowledged(place.term, place.index)

    def replay(self) -> str:
        """The lines of Python that do all of this again, up to here; what is drawn and left alone, for the shell."""
        if len(self._lines) == 1 and ".drawn(" in self._lines[0]:
            return f"quorate-sim raft --seed {self._seed}"
        lines = [*self._lines, *self._leading()]
        suppress = any(line.startswith("with ") for line in lines)
        return "\n".join([*(["import contextlib"] if suppress else []), "import quorate", *lines])

    # Going on.

    def step(self) -> tuple[Event, ...]:
        """The next event, and what came of it at that moment: maybe nothing that has a name.

        Raises `ViolationError`. When nothing is left to happen, as `idle` tells, nothing does.
        """
        before = self._core.happened
        with self._told():
            self._core.step()
        return tuple(_event(told) for told in self._core.happenings(before))

    def run(self, seconds: float | None = None, *, until: float | None = None, events: int | None = None) -> None:
        """Goes on for so many seconds of virtual time, until that time, or for so many events.

        An interrupt (`KeyboardInterrupt`) is heeded within milliseconds, and leaves the simulation whole. Raises
        `ViolationError`.
        """
        if sum(given is not None for given in (seconds, until, events)) != 1:
            raise TypeError("run: expected one of seconds, until and events")
        end, most = _EVERY, _EVERY
        if seconds is not None:
            end = self._core.now_ns + _nanoseconds("seconds", seconds)
        elif until is not None:
            end = _nanoseconds("until", until)
        elif events is not None:
            most = _count("events", events)
        with self._told():
            if events is None:
                self._core.run_until(min(end, _EVERY), most)
            else:
                self._run_events(most)

    def _run_events(self, most: int) -> None:
        # The clock stays where the last event was, so that as many as were asked for are done and no time is skipped.
        last = self._core.steps + most
        while self._core.steps < last and (at := self._core.next_ns) is not None:
            self._core.run_until(at, last - self._core.steps)

    def run_until(self, predicate: "Callable[[Simulation], object]", limit: float = 60.0) -> None:
        """Goes on event by event until `predicate(sim)` is true, for `limit` seconds of virtual time at most.

        Raises `NotReachedError` at the limit, and at once when nothing is left to happen, and `ViolationError`.
        """
        if not callable(predicate):
            raise TypeError(f"predicate: expected a callable, not {type(predicate).__name__}")
        end = self._core.now_ns + _nanoseconds("limit", limit)
        with self._told():
            while not predicate(self):
                at = self._core.next_ns
                if at is None or at > end:
                    raise NotReachedError(f"not reached within {limit} s of virtual time (seed {self._seed}, at {self.now} s)")
                self._core.step()

    def converge(self) -> None:
        """Ends all faults, by hand and by chance, and goes on until the group is one again.

        It must find a leader, take a write and answer a read, and all nodes must come to the same state, with everything in it
        that was ever acknowledged. What clients have seen must be linearizable. Raises `ViolationError` otherwise.
        """
        self._by_hand("converge()", self._core.converge)

    # By hand.

    def propose(self, node: int, payload: bytes | bytearray | memoryview) -> LogPos:
        """Asks a node to append, and returns the place that the entry got there. It is not decided yet: `acknowledged` tells.

        The entry is eight bytes longer than `payload`: in front is a number by which the judges know it.

        Raises `NotLeaderError`, `NoQuorumError`, `FullError`, `TooLargeError`, `TransferringError`, and `NodeStateError` when
        the node is down or paused.
        """
        term, index = self._by_hand(f"propose({node!r}, {payload!r})", lambda: self._core.propose(node, payload))
        return LogPos(term, index)

    def read(self, node: int) -> int:
        """Asks a node for a linearizable read, and returns its number. The answer is an event, `ReadsAnswered`.

        Raises as `propose` does.
        """
        return self._by_hand(f"read({node!r})", lambda: self._core.read(node))

    def transfer(self, node: int, to: int) -> None:
        """Asks a leader to hand over to another node. Raises as `propose` does, and `NoSuchPeerError`."""
        self._by_hand(f"transfer({node!r}, {to!r})", lambda: self._core.transfer(node, to))

    def step_down(self, node: int) -> None:
        """Asks a node to lead no longer. Raises `NodeStateError` when it is down or paused."""
        self._by_hand(f"step_down({node!r})", lambda: self._core.step_down(node))

    def partition(self, *groups: Iterable[int]) -> None:
        """Cuts all links between the groups: `sim.partition([1, 2], [3, 4, 5])`.

        Nodes that are in no group are one more. Replaces what was cut by hand before. What is on its way arrives.
        """
        sides = [list(group) if isinstance(group, Iterable) else group for group in groups]
        self._by_hand(f"partition({', '.join(map(repr, sides))})", lambda: self._core.partition(sides))

    def cut(self, sender: int, receiver: int) -> None:
        """Cuts one link in one direction, besides what else is cut."""
        self._by_hand(f"cut({sender!r}, {receiver!r})", lambda: self._core.cut(sender, receiver))

    def heal(self) -> None:
        """Opens all links that were cut by hand."""
        self._by_hand("heal()", self._core.heal)

    def crash(self, node: int, *, power: bool = True) -> None:
        """Ends a node; with its power goes what was not synced. It stays down until `restart`.

        Raises `NodeStateError` when it is down.
        """
        self._by_hand(f"crash({node!r}, power={power!r})", lambda: self._core.crash(node, power))

    def restart(self, node: int) -> None:
        """Starts a node from what its disk holds. Raises `NodeStateError` when it is up, or retired."""
        self._by_hand(f"restart({node!r})", lambda: self._core.restart(node))

    def pause(self, node: int) -> None:
        """Lets a node stand still until `resume`; what reaches it waits. Raises `NodeStateError`."""
        self._by_hand(f"pause({node!r})", lambda: self._core.pause(node))

    def resume(self, node: int) -> None:
        """Lets a paused node go on. Raises `NodeStateError` when it is not paused."""
        self._by_hand(f"resume({node!r})", lambda: self._core.resume(node))

    def canary(self) -> None:
        """Tells the judges that an entry was acknowledged which nobody has: `converge` must raise `ViolationError`.

        For those who test what they do with one.
        """
        self._by_hand("canary()", self._core.promise_too_much)

    # Pictures.

    def svg(self, start: float | None = None, end: float | None = None) -> str:
        """The timeline from `start` to `end`, in seconds of virtual time, as one SVG image without any dependency."""
        from quorate._svg import draw

        return draw(self._timeline(start, end))

    def _repr_svg_(self) -> str:
        """What notebooks show."""
        return self.svg()

    def plot(self, ax: "Axes | None" = None, *, start: float | None = None, end: float | None = None) -> "Axes":
        """Draws the timeline with matplotlib: roles, terms, messages and faults, from `start` to `end`.

        Raises `ImportError` without matplotlib: `pip install "quorate[plot]"`. `svg` needs nothing.
        """
        from quorate._plot import draw

        return draw(self._timeline(start, end), ax)

    def _timeline(self, start: float | None, end: float | None) -> "Timeline":
        from quorate._timeline import Timeline

        first = 0.0 if start is None else _nanoseconds("start", start) / _SECOND
        last = self.now if end is None else _nanoseconds("end", end) / _SECOND
        return Timeline.of(self.events(), len(self._nodes), first, last)

    def __repr__(self) -> str:
        return (
            f"<Simulation: seed {self._seed}, {len(self._nodes)} nodes, at {self.now:.6f} s, {self.steps} events, "
            f"leader {self.leader}, digest {self.digest}>"
        )

    # What leads here.

    def _by_hand(self, words: str, call: Callable[[], _T]) -> _T:
        led, digest = self._leading(), self._core.digest
        try:
            done = call()
        except ViolationError as violation:
            if self._replay is None:
                self._follow([*led, f"sim.{words}"])
            self._explain(violation)
            raise
        except QuorateError:
            if self._core.digest != digest:  # being refused is something that happened
                self._follow([*led, f"with contextlib.suppress(quorate.QuorateError): sim.{words}"])
            raise
        self._follow([*led, f"sim.{words}"])
        return done

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except ViolationError as violation:
            self._explain(violation)
            raise

    def _explain(self, violation: ViolationError) -> None:
        if self._replay is None:
            self._replay = self.replay()
        violation.replay = self._replay
        violation.add_note(f"replay with:\n{self._replay}")

    def _follow(self, lines: list[str]) -> None:
        self._lines += lines
        self._led = (self._core.steps, self._core.now_ns)

    def _leading(self) -> list[str]:
        """The lines that lead from the last call by hand to here."""
        steps, now, lines = self._core.steps - self._led[0], self._core.now_ns, []
        if steps:
            lines.append(f"sim.run(events={steps})")
        at = self._core.next_ns
        if now > self._led[1] and (at is None or at > now):
            lines.append(f"sim.run(until={now / _SECOND!r})")
        return lines


def _event(told: tuple[int, int | None, str, list[Any]]) -> Event:
    at, node, name, fields = told
    match name, fields:
        case "Became", [role, term, leader]:
            fields = [Role[role], term, leader]
        case "Sent", [to, kind, *others]:
            fields = [to, MessageKind[kind], *others]
        case "Heard", [sender, kind, *others, sent_at]:
            fields = [sender, MessageKind[kind], *others, None if sent_at is None else sent_at / _SECOND]
        case "Cut", [links]:
            fields = [tuple(links)]
    who = () if node is None else (node,)
    return cast(Event, getattr(parts, name)(at / _SECOND, *who, *fields))


def _nanoseconds(name: str, seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name}: expected seconds as an int or a float, not {type(seconds).__name__}")
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"{name}: {seconds} is not a time from 0 on")
    return min(round(seconds * _SECOND), _EVERY)


def _count(name: str, count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name}: expected an int, not {type(count).__name__}")
    if count < 0:
        raise ValueError(f"{name}: {count} is not at least 0")
    return min(count, _EVERY)
