"""The enums, which are Python's own: a `match` over their members is known to be complete."""

from enum import Enum, unique


@unique
class Causality(Enum):
    """How one clock stands to another. Exactly one of the four holds."""

    EQUAL = "equal"
    """The same events."""
    BEFORE = "before"
    """Fewer: whatever the first knows, the other knows, and more."""
    AFTER = "after"
    """More."""
    CONCURRENT = "concurrent"
    """Each knows something that the other does not."""

    @property
    def mirrored(self) -> "Causality":
        """How the second stands to the first."""
        match self:
            case Causality.BEFORE:
                return Causality.AFTER
            case Causality.AFTER:
                return Causality.BEFORE
            case _:
                return self


@unique
class Receipt(Enum):
    """What became of a message that arrived."""

    KEPT = "kept"
    """It will come out once everything before it has."""
    DUPLICATE = "duplicate"
    """It was here before, or came from ourselves."""


@unique
class Side(Enum):
    """Whose stamp is too far ahead."""

    LOCAL = "local"
    """Our own clock runs ahead of the wall: wait for `ahead - limit` milliseconds."""
    REMOTE = "remote"
    """The peer's stamp: its wall clock is wrong, or ours is, or it lies. Drop the message, and tell an operator."""


@unique
class Defect(Enum):
    """What is wrong with bytes, or parts, that should be a clock."""

    TRUNCATED = "ends too early"
    TRAILING_BYTES = "goes on behind its end"
    OVER_LONG = "a number in more bytes than it needs"
    OVERFLOW = "a number that does not fit"
    ZERO = "an entry of zero"
    ORDER = "not in ascending order"
    NOT_APART = "a dot apart that is not apart"
    UNCOVERED = "a dot outside its context"
    OTHER = "something else"
