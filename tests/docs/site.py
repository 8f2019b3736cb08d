"""The documentation, built as make docs builds it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.engines import ROOT


def build(folder: Path) -> None:
    """The site in a folder; every warning is an error."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
