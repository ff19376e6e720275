"""What a timeline shows, before anybody draws it: bands of roles, arrows of messages, marks of events, cuts of links."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Final, Self

from quorate._kinds import MessageKind, Role
from quorate.simulation import (
    Acknowledged,
    Became,
    ClockJumped,
    Crashed,
    Cut,
    Event,
    FaultsEnded,
    Heard,
    Opened,
    Paused,
    Refused,
    Resumed,
    Retired,
    Sent,
    Started,
    Took,
)

ARROWS_MAX: Final = 1500
"""More arrows than this are a grey cloud: then messages that nobody minds are left out, first of all heartbeats."""


@dataclass(frozen=True, slots=True)
class Band:
    """A node is the same from one moment to another."""

    node: int
    start: float
    end: float
    role: Role | None
    """`None` while the node is down."""
    term: int
    paused: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message."""

    sender: int
    sent: float
    receiver: int
    heard: float | None
    """`None` when it is lost."""
    kind: str
    """`"vote"`, `"entries"` or `"heartbeat"`."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at one moment."""

    node: int
    at: float
    kind: str
    """`"took"`, `"acknowledged"`, `"refused"`, `"crashed"`, `"started"`, `"retired"` or `"jumped"`."""
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Links are cut from one moment to another."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it, from `start` to `end`."""

    nodes: int
    start: float
    end: float
    bands: tuple[Band, ...]
    arrows: tuple[Arrow, ...]
    left_out: int
    """Arrows that are not in it."""
    marks: tuple[Mark, ...]
    gaps: tuple[Gap, ...]

    @classmethod
    def of(cls, events: list[Event], nodes: int, start: float, end: float) -> Self:
        """What happened between two moments; `end` is behind `start`, if need be by a little."""
        end = max(end, start + 1e-3)
        shown = [arrow for arrow in _arrows(events) if arrow.sent <= end and (arrow.heard or arrow.sent) >= start]
        few = _few(shown)
        return cls(
            nodes=nodes,
            start=start,
            end=end,
            bands=tuple(band for band in _bands(events, nodes, end) if band.end > start and band.start < end),
            arrows=tuple(few),
            left_out=len(shown) - len(few),
            marks=tuple(mark for mark in _marks(events) if start <= mark.at <= end),
            gaps=tuple(gap for gap in _gaps(events, nodes, end) if gap.end > start and gap.start < end),
        )

    def ticks(self) -> list[tuple[float, str]]:
        """Moments to be written at the time axis: round ones, about eight."""
        span = self.end - self.start
        steps = [digit * 10.0**power for power in range(-6, 10) for digit in (1, 2, 5)]
        step = steps[min(bisect_left(steps, span / 8), len(steps) - 1)]
        first = -int(-self.start // step)
        moments = takewhile(lambda at: at <= self.end, (place * step for place in count(first)))
        return [(at, f"{at:.9g}") for at in moments]


def _bands(events: list[Event], nodes: int, end: float) -> list[Band]:
    done: list[Band] = []
    open_: dict[int, Band] = {}

    def turn(node: int, at: float, role: Role | None, term: int, paused: bool) -> None:
        before = open_.get(node)
        if before is not None:
            if (before.role, before.term, before.paused) == (role, term, paused):
                return
            if at > before.start:
                done.append(replace(before, end=at))
        open_[node] = Band(node, at, end, role, term, paused)

    for node in range(1, nodes + 1):
        turn(node, 0.0, None, 0, False)
    for event in events:
        match event:
            case Became(at, node, role, term):
                turn(node, at, role, term, open_[node].paused)
            case Crashed(at, node) | Retired(at, node):
                turn(node, at, None, open_[node].term, False)
            case Paused(at, node):
                turn(node, at, open_[node].role, open_[node].term, True)
            case Resumed(at, node):
                turn(node, at, open_[node].role, open_[node].term, False)
            case _:
                pass
    return done + list(open_.values())


def _arrows(events: list[Event]) -> list[Arrow]:
    arrows: list[Arrow] = []
    for event in events:
        match event:
            case Sent(at, node, to, message, _, entries, True):
                arrows.append(Arrow(node, at, to, None, _sort(message, entries)))
            case Heard(at, node, sender, message, _, entries, float(sent)):
                arrows.append(Arrow(sender, sent, node, at, _sort(message, entries)))
            case _:
                pass
    return arrows


def _sort(message: MessageKind, entries: int) -> str:
    if message in (MessageKind.APPEND, MessageKind.APPEND_REPLY):
        return "entries" if entries else "heartbeat"
    return "vote"


def _few(arrows: list[Arrow]) -> list[Arrow]:
    for kinds in ({"vote", "entries", "heartbeat"}, {"vote", "entries"}, {"vote"}):
        few = [arrow for arrow in arrows if arrow.kind in kinds]
        if len(few) <= ARROWS_MAX:
            return few
    return few[:ARROWS_MAX]


def _marks(events: list[Event]) -> list[Mark]:
    marks: list[Mark] = []
    for event in events:
        match event:
            case Took(at, node, term, index, entries):
                text = f"takes entry {index} in term {term}" if entries == 1 else f"takes {entries} entries from {index} on"
                marks.append(Mark(node, at, "took", text))
            case Acknowledged(at, node, term, index):
                marks.append(Mark(node, at, "acknowledged", f"entry {index} of term {term} is acknowledged"))
            case Refused(at, node, asked, why):
                marks.append(Mark(node, at, "refused", f"{asked} refused: {why}"))
            case Crashed(at, node, power):
                marks.append(Mark(node, at, "crashed", "loses power" if power else "its process ends"))
            case Started(at, node):
                marks.append(Mark(node, at, "started", "starts"))
            case Retired(at, node):
                marks.append(Mark(node, at, "retired", "its disk is damaged: it stays down"))
            case ClockJumped(at, node):
                marks.append(Mark(node, at, "jumped", "its clock jumps"))
            case _:
                pass
    return marks


def _gaps(events: list[Event], nodes: int, end: float) -> list[Gap]:
    gaps: list[Gap] = []
    begun: Gap | None = None
    for event in events:
        if isinstance(event, (Cut, Opened, FaultsEnded)):
            if begun is not None:
                gaps.append(replace(begun, end=event.at))
            begun = Gap(event.at, end, _sides(event.links, nodes)) if isinstance(event, Cut) and event.links else None
    return gaps if begun is None else [*gaps, begun]


def _sides(links: tuple[tuple[int, int], ...], nodes: int) -> str:
    """The groups that cannot reach each other, if the cuts make groups; otherwise how many links are cut."""
    cut = set(links)
    groups: list[list[int]] = []
    for node in range(1, nodes + 1):
        home = next((group for group in groups if (group[0], node) not in cut), None)
        groups.append([node]) if home is None else home.append(node)
    side = {node: place for place, group in enumerate(groups) for node in group}
    whole = {(one, other) for one in side for other in side if side[one] != side[other]}
    if whole == cut:
        return " | ".join(" ".join(map(str, group)) for group in groups)
    return f"{len(cut)} links cut" if len(cut) > 1 else f"{links[0][0]} cannot reach {links[0][1]}"
