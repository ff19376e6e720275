"""The stub says what the compiled module says; `mypy.stubtest` looks at the signatures."""

from stub import STUB, bare, documented


def test_the_stub_has_the_docstrings_of_the_module() -> None:
    text = STUB.read_text(encoding="utf-8")
    assert documented(text) == text, "run `python tests/stub.py`"
    assert '"""' not in bare(text) and documented(bare(text)) == text
