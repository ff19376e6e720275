"""The pictures: what they show, what they say without matplotlib, and that the one in the documents is what the example draws."""

import re
import runpy
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from quorate import Simulation
from quorate._timeline import ARROWS_MAX, Timeline
from quorate.simulation import Fault, Role

EXAMPLES = Path(__file__).parent.parent / "examples"
PICTURES = Path(__file__).parent.parent.parent / "docs" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"


def story() -> Simulation:
    sim = Simulation(3, nodes=3)
    sim.run_until(lambda sim: sim.leader is not None)
    leader = sim.leader
    assert leader is not None
    sim.propose(leader, b"x")
    sim.run(0.2)
    sim.partition([leader])
    sim.pause(leader % 3 + 1)
    sim.run(0.5)
    sim.resume(leader % 3 + 1)
    sim.heal()
    sim.crash(leader)
    sim.run(1.0)
    return sim


def test_a_timeline_tells_the_story() -> None:
    sim = story()
    line = Timeline.of(sim.events(), 3, 0.0, sim.now)
    for node in sim.nodes:
        bands = [band for band in line.bands if band.node == node]
        bands.sort(key=lambda band: band.start)
        assert bands[0].start == 0.0 and bands[0].role is None and bands[-1].end == sim.now
        assert all(one.end == other.start for one, other in zip(bands, bands[1:], strict=False)), "no gap, no overlap"
        assert bands[-1].role is sim.nodes[node].role
    assert {Role.LEADER, Role.CANDIDATE, Role.FOLLOWER, None} <= {band.role for band in line.bands}
    assert any(band.paused and 0.4 < band.end - band.start < 0.6 for band in line.bands)
    [gap] = line.gaps
    assert re.fullmatch(r"1 \| 2 3|1 3 \| 2|1 2 \| 3", gap.text) and 0.4 < gap.end - gap.start < 0.6
    assert {"took", "acknowledged", "crashed", "started"} <= {mark.kind for mark in line.marks}
    assert any(arrow.heard is None for arrow in line.arrows) and line.left_out == 0
    part = Timeline.of(sim.events(), 3, 0.1, 0.2)
    assert len(part.arrows) < len(line.arrows) and all(band.end > 0.1 for band in part.bands)
    assert 4 <= len(part.ticks()) <= 10


def test_too_many_arrows_lose_their_heartbeats() -> None:
    sim = Simulation(3, clients=1)
    sim.run(20.0)
    line = Timeline.of(sim.events(), 5, 0.0, sim.now)
    assert len(line.arrows) <= ARROWS_MAX and line.left_out > 0
    assert "heartbeat" not in {arrow.kind for arrow in line.arrows}
    assert f"{line.left_out} messages are not drawn" in sim.svg()


def test_the_svg_is_xml_and_stays_inside() -> None:
    sim = story()
    root = ET.fromstring(sim._repr_svg_())
    assert root.tag == f"{SVG}svg" and sim.svg() == sim._repr_svg_()
    height, width = float(root.attrib["height"]), float(root.attrib["width"])
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width and 0 <= float(text.attrib["y"]) <= height
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert any("is acknowledged" in title for title in titles) and any("leader, term 1" in title for title in titles)
    assert ET.fromstring(Simulation(1).svg()).tag == f"{SVG}svg", "before anything has happened"
    faulty = Simulation(1, faults=Fault, clients=1)
    faulty.run(10.0)
    ET.fromstring(faulty.svg())


def test_the_plot_has_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    import matplotlib.pyplot as plt

    sim = story()
    ax = sim.plot(start=0.1, end=sim.now)
    assert ax.get_xlim() == (0.1, sim.now) and ax.get_xlabel() == "virtual time (s)"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[union-attr]
    assert {"leader", "follower", "down", "acknowledged", "crashes"} <= set(labels)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["n1", "n2", "n3"]
    assert any(text.get_text().startswith("cut: ") for text in ax.texts)
    ax.figure.canvas.draw()
    other = plt.figure().subplots()
    assert sim.plot(other) is other
    plt.close("all")


def test_without_matplotlib_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    sim = Simulation(1)
    with pytest.raises(ImportError, match=r'pip install "quorate\[plot\]"; svg\(\) needs nothing') as missing:
        sim.plot()
    assert missing.value.name == "matplotlib"
    assert sim.svg().startswith("<svg ")


def test_the_example_runs_and_draws_the_picture_of_the_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "split-brain.svg"
    monkeypatch.setattr(sys, "argv", ["split_brain.py", str(drawn)])
    runpy.run_path(str(EXAMPLES / "split_brain.py"), run_name="__main__")
    assert "all nodes agree" in capsys.readouterr().out
    same = drawn.read_text("utf-8") == (PICTURES / "split-brain.svg").read_text("utf-8")
    assert same, "draw it anew: python bindings-py/examples/split_brain.py docs/pictures/split-brain.svg"
