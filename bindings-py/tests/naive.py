"""The simplest things that could be right: dictionaries and sets, against which the compiled classes are held."""

from hypothesis import strategies as st
from quorate import CausalContext, Dot, VersionVector

NODES = range(5)

Vector = dict[int, int]
Events = frozenset[tuple[int, int]]

nodes = st.sampled_from(NODES)
vectors = st.dictionaries(nodes, st.integers(0, 4))
"""Small, so that equal, ordered and concurrent ones are all common. Zeros stand for absent ids."""
events = st.frozensets(st.tuples(nodes, st.integers(1, 6)), max_size=12)
numbers = st.integers(0, 2**64 - 1)
wide_vectors = st.dictionaries(numbers, numbers, max_size=8)


def known(vector: Vector) -> Events:
    """Every event that the vector knows."""
    return frozenset((id, n) for id, last in vector.items() for n in range(1, last + 1))


def of(vector: VersionVector) -> Events:
    return known(vector.to_dict())


def context(events: Events) -> CausalContext:
    return CausalContext(dots=[Dot(id, n) for id, n in events])


def of_context(context: CausalContext) -> Events:
    return of(context.base) | {(dot.id, dot.n) for dot in context.cloud}
