"""The README's lines, one after the other."""

import re
import tomllib
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
ROOT = README.parent.parent


def test_the_lines_of_the_readme_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = README.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) == 12
    scope: dict[str, object] = {}
    for block in blocks:
        # So many empty lines that a failure names the README's own line.
        before = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(before + block[1], str(README), "exec"), scope)
    assert capsys.readouterr().out == "somebody has to decide\n"


def test_what_it_shows_is_found_from_anywhere() -> None:
    repository = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))["workspace"]["package"]["repository"]
    ours = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
    words = re.sub(r"^```.*?^```$", "", README.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)]+)\)", words)
    assert links, "a picture, at least"
    for link in links:
        assert link.startswith("https://"), f"{link}: Python's registry shows this page without the repository"
        assert not link.startswith(ours) or (ROOT / link.removeprefix(ours)).is_file(), link
