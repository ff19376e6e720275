"""A timeline with matplotlib, which is imported only here."""

from typing import TYPE_CHECKING

from quorate._svg import ARROWS, DOWN, MARKS, ROLES
from quorate._timeline import Arrow, Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_BAND = 0.36
_SHAPES = {"crashed": "X", "refused": "x", "retired": "X", "started": ">", "acknowledged": "^", "took": "o", "jumped": "d"}


def draw(line: Timeline, ax: "Axes | None") -> "Axes":
    """Draws on these axes, or on new ones; returns them."""
    try:
        import matplotlib.pyplot as plt
        from matplotlib.collections import LineCollection
        from matplotlib.patches import Patch
    except ImportError as missing:
        hint = 'plot() draws with matplotlib, which is not installed: pip install "quorate[plot]"; svg() needs nothing'
        raise ImportError(hint, name="matplotlib") from missing

    if ax is None:
        _, ax = plt.subplots(figsize=(12, 1.0 + 0.75 * line.nodes), layout="constrained")
    for gap in line.gaps:
        ax.axvspan(gap.start, gap.end, color="#c0272d", alpha=0.07, linewidth=0)
        ax.annotate(
            f"cut: {gap.text}",
            ((max(gap.start, line.start) + min(gap.end, line.end)) / 2, 0.45),
            ha="center",
            fontsize=8,
            color="#c0272d",
        )
    told: dict[int, int] = {}
    for band in sorted(line.bands, key=lambda band: (band.node, band.start)):
        colour, _ = DOWN if band.role is None else ROLES[band.role]
        start, end = max(band.start, line.start), min(band.end, line.end)
        ax.barh(band.node, end - start, _BAND, start, color=colour, alpha=0.35 if band.paused else 1.0)
        if band.role is not None and told.get(band.node) != band.term and end - start > (line.end - line.start) / 70:
            told[band.node] = band.term
            ax.annotate(str(band.term), (start, band.node), (3, 0), textcoords="offset points", fontsize=7, va="center")
    for kind, colour in ARROWS.items():
        paths = [_path(arrow, arrow.heard) for arrow in line.arrows if arrow.kind == kind and arrow.heard is not None]
        ax.add_collection(LineCollection(paths, colors=colour, linewidths=0.5 if kind == "heartbeat" else 0.9))
    stubs = [_path(arrow, arrow.sent, 0.3) for arrow in line.arrows if arrow.heard is None]
    ax.add_collection(LineCollection(stubs, colors="#c0272d", linewidths=0.6, alpha=0.6))
    for kind in dict.fromkeys(mark.kind for mark in line.marks):
        marks = [mark for mark in line.marks if mark.kind == kind]
        colour, text = MARKS[kind]
        at, rows = [mark.at for mark in marks], [mark.node for mark in marks]
        ax.scatter(at, rows, s=28, color=colour, marker=_SHAPES[kind], zorder=3, label=text)
    roles = [Patch(color=colour, label=text) for colour, text in [*ROLES.values(), DOWN]]
    handles = [*roles, *ax.get_legend_handles_labels()[0]]
    ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=6, fontsize=8, frameon=False)
    ax.set(xlim=(line.start, line.end), ylim=(line.nodes + 0.6, 0.4), xlabel="virtual time (s)")
    ax.set_yticks(range(1, line.nodes + 1), [f"n{node}" for node in range(1, line.nodes + 1)])
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def _path(arrow: Arrow, end: float, part: float = 1.0) -> "Sequence[Sequence[float]]":
    """From the edge of one node's band to the edge of the other's, or a part of the way."""
    towards = 1 if arrow.receiver > arrow.sender else -1
    first, last = arrow.sender + towards * _BAND / 2, arrow.receiver - towards * _BAND / 2
    return [(arrow.sent, first), (end, first + part * (last - first))]
