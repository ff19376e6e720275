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


@unique
class Role(Enum):
    """What a node is at the moment."""

    FOLLOWER = "follower"
    """Takes entries from a leader, or waits for one."""
    PRE_CANDIDATE = "pre-candidate"
    """Asks whether it would be elected."""
    CANDIDATE = "candidate"
    """Stands for election."""
    LEADER = "leader"
    """Leads."""


@unique
class EntryKind(Enum):
    """What an entry is for."""

    NORMAL = "normal"
    """Proposed by the application: the state machine applies it."""
    BLANK = "blank"
    """The empty entry with which a leader opens its term: the state machine skips it."""


@unique
class MessageKind(Enum):
    """What a message says, and which fields it has beside `term`."""

    PRE_VOTE = "pre-vote"
    """"Would you vote for me in this term?" `last`."""
    PRE_VOTE_REPLY = "pre-vote reply"
    """`granted`."""
    VOTE = "vote"
    """"Vote for me." `last`, `transfer`."""
    VOTE_REPLY = "vote reply"
    """`granted`."""
    APPEND = "append"
    """Entries, heartbeat, commit index and read round in one. `session`, `prev`, `commit`, `round`, `reply`, `run`."""
    APPEND_REPLY = "append reply"
    """`session`, `round`, and either `matched` or `rejected` and `hint`."""
    TIMEOUT_NOW = "timeout now"
    """"Stand for election at once." """


@unique
class PeerErrorKind(Enum):
    """What a peer did that no honest one does; behind each, the `details`."""

    UNKNOWN_PEER = "unknown peer"
    """No voter of this group, or it claims to be this node. `from`."""
    TERM_ZERO = "term zero"
    """A claim about term zero, in which nobody stands or leads."""
    TERM_TOO_FAR = "term too far"
    """A term that no group reaches. `term`, `own`."""
    TWO_LEADERS = "two leaders"
    """A second leader in one term. `term`, `known`, `claimed`."""
    RUN_MISPLACED = "run misplaced"
    """Entries that do not follow `prev`, or of a later term than their leader's. `prev`, `first`, `term`."""
    RUN_TOO_LARGE = "run too large"
    """More bytes of entries than `append_bytes_max`. `bytes`, `bytes_max`."""
    CONFLICTS_WITH_COMMITTED = "conflicts with committed"
    """Entries that would replace committed ones. `at`, `commit`."""
    ACK_BEYOND_LOG = "ack beyond log"
    """A claim to hold entries that the leader never had. `matched`, `last`."""
    ROUND_NEVER_ASKED = "round never asked"
    """An answer to a question that was never asked. `round`, `newest`."""
    HINT_BEYOND_PREV = "hint beyond prev"
    """A rejection whose hint lies after the place that was asked about. `prev`, `hint`."""
    OTHER = "something else"


@unique
class FaultKind(Enum):
    """How storage contradicts itself; behind each, the `details`."""

    RUN_OUT_OF_ORDER = "run out of order"
    """A stored run does not follow the one before, is empty, or has an earlier term. `after`, `first`."""
    TERM_LOST = "term lost"
    """The log has an entry of a later term than the term stored. `term`, `last`."""
    TERM_IMPOSSIBLE = "term impossible"
    """A term that no group reaches. `term`."""
    ENTRIES_LOST = "entries lost"
    """Entries that were committed or applied are gone. `last`, `needed`."""
    WRONG_ENTRY = "wrong entry"
    """What came back for an entry is not that entry. `asked`, `first`, `count`."""
    OTHER = "something else"


@unique
class MisuseKind(Enum):
    """What is wrong with a call; behind each, the `details`."""

    UNKNOWN_WRITE = "unknown write"
    """`persisted` named a write that no `Persist` had. `named`, `newest`."""
    NOT_HANDED_OUT = "not handed out"
    """`applied` named an index that no `Apply` has reached. `named`, `last`."""
    UNKNOWN_FETCH = "unknown fetch"
    """`fetched` answered a question that was not asked, or was answered before. `named`."""
    OTHER = "something else"


@unique
class WireErrorKind(Enum):
    """Why bytes are no message, or no run; behind each, the `details`."""

    VERSION = "version"
    """Another version wrote this. `found`."""
    UNKNOWN_KIND = "unknown kind"
    """No message has this kind. `kind`."""
    FLAGS = "flags"
    """Flags that this kind of message does not have. `kind`, `flags`."""
    TRUNCATED = "truncated"
    """The bytes end too early."""
    TRAILING_BYTES = "trailing bytes"
    """Bytes are left over. `bytes`."""
    RUN_ZERO = "run zero"
    """A run without entries, or with index or term zero."""
    INDEX_OVERFLOW = "index overflow"
    """A run that ends beyond the last index. `first`."""
    ENTRY_TRUNCATED = "entry truncated"
    """The bytes end before the entry does. `entry`, counted from 0."""
    ENTRY_UNKNOWN_KIND = "entry of unknown kind"
    """No entry kind has this code. `entry`, `code`."""
    ENTRY_BLANK_WITH_PAYLOAD = "blank entry with a payload"
    """`entry`."""
    OTHER = "something else"


@unique
class AppendErrorKind(Enum):
    """Why the log did not take a write; behind each, the `details`."""

    OUT_OF_ORDER = "out of order"
    """The id is not above that of the last write. `id`, `last`."""
    MALFORMED = "malformed"
    """No entries, or none that begin at 1 and end below 2**64. `first`, `count`."""
    GAP = "gap"
    """The run would leave a gap. `first`, `last`."""
    RELEASED = "released"
    """The run would overwrite what was released. `first`, `released`."""
    TOO_LARGE = "too large"
    """The record would be larger than `record_bytes_max`. `bytes`, `bytes_max`."""
    USED_UP = "used up"
    """No number is left for an opening or a segment, as only files made by hand can have it."""
    OTHER = "something else"


@unique
class ReadErrorKind(Enum):
    """Why the log has no such entry; behind each, the `details`."""

    RELEASED = "released"
    """It was released. `first`, `released`."""
    BEYOND = "beyond"
    """It is beyond the last one. `first`, `last`."""
    OTHER = "something else"


@unique
class Damage(Enum):
    """What is wrong with a damaged file."""

    HEADER = "no sound segment header"
    OTHER_SEGMENT = "the header of another segment"
    SHORT = "shorter than its header says"
    RECORD = "a durable record that is not what was written"
    CONTRADICTION = "a record that cannot follow the one before"
    MISSING = "missing"
    OTHER = "something else"
