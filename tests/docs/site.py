"""The documentation, built by the command of ``make docs``."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.engines import ROOT

_RECIPE = re.search(r"^docs:.*\n\t.*/mkdocs (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
COMMAND = [sys.executable, "-m", "mkdocs", *_RECIPE[1].split()]
ENVIRONMENT = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}


def build(folder: Path) -> None:
    """Build the site in a folder; every warning is an error."""
    built = subprocess.run(
        [*COMMAND, "--site-dir", folder],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
