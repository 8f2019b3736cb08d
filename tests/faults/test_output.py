"""Standard streams of a process: no line is lost, and nobody is waited for."""

import subprocess
import sys

import pytest

from tests.engines import ROOT

SPEAK = """
import sys
from dynamodb_items.runtime.output import protect_standard_streams
protect_standard_streams()
for number in range(int(sys.argv[1])):
    print(f"{number:0999d}")
print("done", file=sys.stderr)
"""


def test_no_line_is_lost_when_a_process_ends_while_its_reader_is_slow():
    command = [sys.executable, "-c", SPEAK, "500"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stderr.readline() == b"done\n"
        assert run.stdout.read() == b"".join(b"%0999d\n" % number for number in range(500))
    assert run.returncode == 0


def test_a_process_ends_although_nobody_reads():
    command = [sys.executable, "-c", SPEAK, "500"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.wait(30) == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_is_closed_at_start_swallows_the_lines(closed):
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", SPEAK, "1"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
