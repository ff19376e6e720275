"""A timeline as one SVG image, made by hand."""

from html import escape
from typing import Final

from quorate._kinds import Role
from quorate._timeline import Timeline

ROLES: Final = {
    Role.FOLLOWER: ("#cfe3f5", "follower"),
    Role.PRE_CANDIDATE: ("#f8e3ad", "pre-candidate"),
    Role.CANDIDATE: ("#f2b35c", "candidate"),
    Role.LEADER: ("#5fae6b", "leader"),
}
DOWN: Final = ("#d9d9d9", "down")
ARROWS: Final = {"vote": "#c2610c", "entries": "#2f6f3a", "heartbeat": "#b3bac2"}
MARKS: Final = {
    "took": ("#1f5fa8", "takes an entry"),
    "acknowledged": ("#1c7c36", "acknowledged"),
    "refused": ("#c0272d", "refused"),
    "crashed": ("#000000", "crashes"),
    "started": ("#6b6b6b", "starts"),
    "retired": ("#000000", "stays down"),
    "jumped": ("#8e44ad", "its clock jumps"),
}

_WIDTH: Final = 980.0
_LEFT: Final = 54.0
_RIGHT: Final = 16.0
_TOP: Final = 34.0
_ROW: Final = 56.0
_BAND: Final = 20.0


def draw(line: Timeline) -> str:
    """The image. Moments and texts come up as tooltips."""
    bottom = _TOP + line.nodes * _ROW
    height = bottom + 66
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" width="{_WIDTH:g}" '
        f'height="{height:g}" font-family="system-ui, sans-serif" font-size="11" role="img">',
        f"<title>Raft from {line.start:.6g} s to {line.end:.6g} s</title>",
        f'<rect width="{_WIDTH:g}" height="{height:g}" fill="white"/>',
        f'<clipPath id="quorate-clip"><rect x="{_LEFT:g}" y="0" width="{_WIDTH - _LEFT - _RIGHT:g}" height="{bottom:g}"/></clipPath>',
    ]
    _axis(out, line, bottom)
    out.append('<g clip-path="url(#quorate-clip)">')
    _gaps(out, line, bottom)
    _bands(out, line)
    _arrows(out, line)
    _marks(out, line)
    out.append("</g>")
    _legend(out, line, bottom)
    out.append("</svg>")
    return "\n".join(out)


def _x(line: Timeline, at: float) -> float:
    part = (at - line.start) / (line.end - line.start)
    return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)


def _y(node: int) -> float:
    return _TOP + (node - 0.5) * _ROW


def _axis(out: list[str], line: Timeline, bottom: float) -> None:
    for at, text in line.ticks():
        x = _x(line, at)
        out.append(f'<path d="M{x:.1f} {_TOP - 6:g}V{bottom:g}" stroke="#eceff1"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 14:g}" text-anchor="middle" fill="#555">{text} s</text>')
    for node in range(1, line.nodes + 1):
        out.append(f'<text x="{_LEFT - 10:g}" y="{_y(node) + 4:g}" text-anchor="end" font-weight="600">n{node}</text>')


def _gaps(out: list[str], line: Timeline, bottom: float) -> None:
    for gap in line.gaps:
        x, end = _x(line, gap.start), _x(line, gap.end)
        words = escape(gap.text)
        out.append(f'<rect x="{x:.1f}" y="16" width="{end - x:.1f}" height="{bottom - 16:g}" fill="#c0272d" opacity="0.07"/>')
        out.append(f'<path d="M{x:.1f} 16V{bottom:g}M{end:.1f} 16V{bottom:g}" stroke="#c0272d" stroke-dasharray="4 3"/>')
        middle = (max(x, _LEFT) + min(end, _WIDTH - _RIGHT)) / 2
        out.append(f'<text x="{middle:.1f}" y="28" text-anchor="middle" fill="#c0272d">cut: {words}</text>')


def _bands(out: list[str], line: Timeline) -> None:
    told: dict[int, int] = {}
    for band in sorted(line.bands, key=lambda band: (band.node, band.start)):
        colour, role = DOWN if band.role is None else ROLES[band.role]
        x, end, y = _x(line, max(band.start, line.start)), _x(line, min(band.end, line.end)), _y(band.node) - _BAND / 2
        state = f"{role}, paused" if band.paused else role
        faint = ' opacity="0.35"' if band.paused else ""
        out.append(
            f'<rect x="{x:.1f}" y="{y:g}" width="{max(end - x, 0.8):.1f}" height="{_BAND:g}" fill="{colour}"{faint}>'
            f"<title>n{band.node}: {state}, term {band.term}, {band.start:.6f} to {band.end:.6f} s</title></rect>"
        )
        if band.role is not None and told.get(band.node) != band.term and end - x > 14:
            told[band.node] = band.term
            out.append(f'<text x="{x + 3:.1f}" y="{y + 14:g}" font-size="10" fill="#333">{band.term}</text>')


def _arrows(out: list[str], line: Timeline) -> None:
    for arrow in line.arrows:
        down = arrow.receiver > arrow.sender
        y = _y(arrow.sender) + (_BAND / 2 if down else -_BAND / 2)
        to = _y(arrow.receiver) + (-_BAND / 2 if down else _BAND / 2)
        x, colour = _x(line, arrow.sent), ARROWS[arrow.kind]
        if arrow.heard is None:
            stub = y + (to - y) * min(1.0, 12 / abs(to - y))
            out.append(f'<path d="M{x:.1f} {y:g}L{x + 2:.1f} {stub:.1f}" stroke="#c0272d" stroke-width="0.8" opacity="0.6"/>')
        else:
            width = 0.6 if arrow.kind == "heartbeat" else 1.1
            out.append(f'<path d="M{x:.1f} {y:g}L{_x(line, arrow.heard):.1f} {to:g}" stroke="{colour}" stroke-width="{width}"/>')


def _marks(out: list[str], line: Timeline) -> None:
    for mark in line.marks:
        colour, _ = MARKS[mark.kind]
        x, y = _x(line, mark.at), _y(mark.node)
        title = f"<title>n{mark.node} at {mark.at:.6f} s: {escape(mark.text)}</title>"
        out.append(f"{_shape(mark.kind, x, y, colour)[:-2]}>{title}</{_shape(mark.kind, x, y, colour)[1:].split()[0]}>")


def _shape(kind: str, x: float, y: float, colour: str) -> str:
    match kind:
        case "crashed" | "refused" | "retired":
            cross = f"M{x - 4:.1f} {y - 4:g}l8 8m0 -8l-8 8"
            return f'<path d="{cross}" stroke="{colour}" stroke-width="2" fill="none"/>'
        case "started":
            return f'<path d="M{x - 3:.1f} {y - 5:g}l7 5l-7 5z" fill="{colour}"/>'
        case "acknowledged":
            return f'<path d="M{x - 4:.1f} {y:g}l3 4l6 -8" stroke="{colour}" stroke-width="2.2" fill="none"/>'
        case _:
            return f'<circle cx="{x:.1f}" cy="{y:g}" r="3.2" fill="{colour}"/>'


def _legend(out: list[str], line: Timeline, bottom: float) -> None:
    x, y = _LEFT, bottom + 36
    for colour, text in [*ROLES.values(), DOWN]:
        out.append(f'<rect x="{x:g}" y="{y - 9:g}" width="14" height="11" fill="{colour}"/>')
        out.append(f'<text x="{x + 18:g}" y="{y:g}">{text}</text>')
        x += 30 + 6.2 * len(text)
    for kind, text in (("vote", "election"), ("entries", "entries"), ("heartbeat", "heartbeat, answer")):
        out.append(f'<path d="M{x:g} {y - 4:g}h16" stroke="{ARROWS[kind]}" stroke-width="1.6"/>')
        out.append(f'<text x="{x + 20:g}" y="{y:g}">{text}</text>')
        x += 32 + 6.2 * len(text)
    x, y = _LEFT, y + 20
    for kind in dict.fromkeys(mark.kind for mark in line.marks):
        colour, text = MARKS[kind]
        out.append(_shape(kind, x + 6, y - 4, colour))
        out.append(f'<text x="{x + 18:g}" y="{y:g}">{text}</text>')
        x += 32 + 6.2 * len(text)
    note = "numbers are terms" + (f"; {line.left_out} messages are not drawn" if line.left_out else "")
    out.append(f'<text x="{_WIDTH - _RIGHT:g}" y="{y:g}" text-anchor="end" fill="#555">{note}</text>')
