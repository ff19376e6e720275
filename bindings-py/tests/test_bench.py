"""The bench runs, with a load of next to nothing, and compares what it says that it compares."""

import re
import subprocess
import sys
from pathlib import Path

MAIN = Path(__file__).parent.parent / "bench" / "main.py"


def test_the_bench_prints_its_rows() -> None:
    command = [sys.executable, str(MAIN), "--rounds", "1", "--scale", "0.01"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(quorate|PySyncObj), (batches of 1000|one by one)(, as bytes)? +[\d,]+ +[\d,]+$", done.stdout, re.MULTILINE)
    assert len(rows) == 6
    assert len(re.findall(r"^(batches of 1000|one by one) +\d+x$", done.stdout, re.MULTILINE)) == 2
    assert len(re.findall(r"^.{38} +\d+$", done.stdout, re.MULTILINE)) == 21
