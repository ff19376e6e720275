"""Logical clocks: which events can have caused which, and nothing about what time it is.

Three rules hold for all classes. Values are immutable, hashable and picklable; clocks and buffers change in place, may be
shared by threads, and refuse to be pickled. Node ids are integers from 0 to 2**64 - 1. A refusal is an exception of the
family of `QuorateError` with its numbers, and has changed nothing.
"""

from quorate._errors import (
    BeforeFloorError,
    ClockError,
    ConfigError,
    ExhaustedError,
    ForwardJumpError,
    MalformedError,
    NotPersistedError,
    OwnIdFromFutureError,
    PoisonedError,
    QuorateError,
    TooFarAheadError,
    TooManyEntriesError,
    UnknownMemberError,
)
from quorate._kinds import Causality, Defect, Receipt, Side
from quorate._quorate import (
    BoundedClock,
    CausalBuffer,
    CausalContext,
    Dot,
    DvvSet,
    Hlc,
    HlcTime,
    Interval,
    Lamport,
    Stability,
    Stamp,
    VersionVector,
)

__all__ = [
    "BeforeFloorError",
    "BoundedClock",
    "CausalBuffer",
    "CausalContext",
    "Causality",
    "ClockError",
    "ConfigError",
    "Defect",
    "Dot",
    "DvvSet",
    "ExhaustedError",
    "ForwardJumpError",
    "Hlc",
    "HlcTime",
    "Interval",
    "Lamport",
    "MalformedError",
    "NotPersistedError",
    "OwnIdFromFutureError",
    "PoisonedError",
    "QuorateError",
    "Receipt",
    "Side",
    "Stability",
    "Stamp",
    "TooFarAheadError",
    "TooManyEntriesError",
    "UnknownMemberError",
    "VersionVector",
]
