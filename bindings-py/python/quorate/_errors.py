"""The errors. Each is also the builtin that people catch, and carries the numbers that a caller needs.

The compiled half makes them from a message, and sets the fields. Unless its own documentation says otherwise, a call that
fails has changed nothing but counters for metrics.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate._kinds import Defect, Side
    from quorate._quorate import HlcTime


class QuorateError(Exception):
    """Whatever this package raises on its own account. Wrong types are `TypeError`, as everywhere."""


class ConfigError(QuorateError, ValueError):
    """The fields of a configuration do not agree; the message names them."""


class PoisonedError(QuorateError, RuntimeError):
    """An earlier call on this object panicked, which is a bug of this package. The object is of no use any more."""


class ClockError(QuorateError):
    """A clock refuses."""


class ExhaustedError(ClockError, OverflowError):
    """No stamp is left, and nothing wraps. Honest nodes do not bring a clock here in centuries."""

    last: int
    """The highest value that this clock can give."""


class TooFarAheadError(ClockError, ValueError):
    """A stamp lies, or would lie, too far in the future."""

    side: "Side"
    """Whose stamp it is, and so what to do."""
    ahead: int
    """How far: ticks for Lamport time, milliseconds for hybrid time."""
    limit: int
    """How far it may be, in the same unit."""


class NotPersistedError(ClockError, RuntimeError):
    """The next stamp must wait for a durable bound: write `request`, sync it, call `persisted`, and ask again."""

    persisted: "HlcTime"
    """The highest stamp that may be given."""
    request: "HlcTime"
    """The bound that is to be durable."""


class ForwardJumpError(ClockError, RuntimeError):
    """The wall clock leapt forward by more than the configuration allows, until `accept_jump` or until it comes back."""

    jump: int
    """Milliseconds from the highest reading so far to this one."""
    limit: int
    """How far one step may be, in milliseconds."""


class BeforeFloorError(ClockError, ValueError):
    """A reading lies wholly before a moment that has certainly passed: one of the two error bounds was a lie."""

    floor: int
    """Milliseconds since the Unix epoch: true time had reached this before."""
    latest: int
    """Milliseconds since the Unix epoch: the latest that this reading allows."""


class TooManyEntriesError(ClockError, ValueError):
    """More entries, dots, values or messages than the limit: the peer sends too much, or the limit is too small."""

    limit: int
    """How many there may be."""


class OwnIdFromFutureError(ClockError, RuntimeError):
    """Our own id with a time that we have not issued: two nodes share the id, or this one came back without its past."""

    claimed: int
    """What was claimed."""
    issued: int
    """The newest that we issued."""


class UnknownMemberError(ClockError, LookupError):
    """It names an id that is not of the group."""


class MalformedError(ClockError, ValueError):
    """The bytes, or the parts, are no encoding of a value."""

    at: int
    """Bytes, or parts, before the one at fault."""
    defect: "Defect"
    """What is wrong there."""
