"""Puts the docstrings of the compiled module into its stub, where editors look for them.

    python tests/stub.py    # after a change of a docstring, with the package installed from this source

The signatures are written by hand, and `mypy.stubtest` holds them against the module.
"""

import ast
import inspect
from pathlib import Path

from quorate import _quorate

STUB = Path(__file__).parent.parent / "python" / "quorate" / "_quorate.pyi"


def documented(text: str) -> str:
    """The stub with the docstrings that the compiled module has, and no others."""
    lines = bare(text).splitlines()
    inserts: dict[int, list[str]] = {}
    for holder in ast.parse("\n".join(lines)).body:
        if isinstance(holder, ast.ClassDef):
            kind = getattr(_quorate, holder.name)
            inserts[holder.lineno] = quoted(inspect.getdoc(kind), "    ")
            for member in holder.body:
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                    assert member.end_lineno is not None
                    # A static method's own docstring is of the function that it wraps; before Python 3.12 it had staticmethod's.
                    held = vars(kind)[member.name]
                    doc = quoted(getattr(held, "__func__", held).__doc__, "        ")
                    lines[member.end_lineno - 1] = lines[member.end_lineno - 1].removesuffix(" ...")
                    inserts[member.end_lineno] = doc
    return "".join(f"{line}\n" for at, line in enumerate(lines, 1) for line in [line, *inserts.get(at, [])])


def bare(text: str) -> str:
    """The stub without docstrings."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            doc = node.body[0]
            assert doc.end_lineno is not None
            lines[doc.lineno - 1 : doc.end_lineno] = [GONE] * (doc.end_lineno - doc.lineno + 1)
            if isinstance(node, ast.FunctionDef):
                lines[doc.lineno - 2] += " ..."
    return "".join(f"{line}\n" for line in lines if line is not GONE)


GONE = "a line that was part of a docstring"


def quoted(doc: str | None, indent: str) -> list[str]:
    assert doc and '"""' not in doc and "\\" not in doc
    first, *rest = inspect.cleandoc(doc).splitlines()
    if not rest:
        return [f'{indent}"""{first}"""']
    return [f'{indent}"""{first}', *((indent + line).rstrip() for line in rest), f'{indent}"""']


if __name__ == "__main__":
    STUB.write_text(documented(STUB.read_text(encoding="utf-8")), encoding="utf-8")
