"""The bench of durable writes runs, for next to no time."""

import re
import subprocess
import sys
from pathlib import Path

DURABLE = Path(__file__).parent.parent / "bench" / "durable.py"


def test_the_bench_prints_its_rows(tmp_path: Path) -> None:
    command = [sys.executable, str(DURABLE), "--rounds", "1", "--seconds", "0.1", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(quorate|pysyncobj), (1|64|1024) clients? at once +[\d,]+ +[\d,]+$", done.stdout, re.MULTILINE)
    assert len(rows) == 6
    assert len(re.findall(r"^ *(1|64|1024) at once +[\d,]+x$", done.stdout, re.MULTILINE)) == 3
