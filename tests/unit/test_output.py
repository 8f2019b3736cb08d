"""Log lines are written without waiting, kept in order while a reader is slow, and never raise."""

import json
import os
import socket

import pytest
from dynamodb_items.runtime import output as module
from dynamodb_items.runtime.output import Output

LINE = b'{"event":"request"}' + b" " * 980 + b"\n"


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, Output(writing)
    os.close(reading)
    os.close(writing)


@pytest.fixture
def lost():
    counts = []
    module.count_lost_lines(counts.append)
    yield counts
    module.count_lost_lines(lambda _count: None)


def drained(reading, stream):
    """Everything that a reader gets once it reads on."""
    parts = []
    while True:
        try:
            parts.append(os.read(reading, 65536))
        except BlockingIOError:
            stream.flush()
            try:
                parts.append(os.read(reading, 65536))
            except BlockingIOError:
                return b"".join(parts)


def test_lines_for_a_slow_reader_wait_and_arrive_whole_and_in_order(pipe, lost):
    reading, stream = pipe
    lines = [b"%0999d\n" % number for number in range(600)]
    for line in lines:
        assert stream.write(line) == len(line)
    assert drained(reading, stream).splitlines(keepends=True) == lines
    assert lost == []


def test_what_is_more_than_may_wait_is_lost_counted_and_reported(pipe, lost):
    reading, stream = pipe
    for _ in range(1500):
        stream.write(LINE)
    *written, report = drained(reading, stream).splitlines(keepends=True)
    assert set(written) == {LINE}
    assert json.loads(report)["event"] == "log lines lost"
    assert json.loads(report)["lost"] == sum(lost) == 1500 - len(written)
    assert sum(lost) > 300
    stream.write(LINE)
    assert drained(reading, stream) == LINE


def test_the_flags_that_other_processes_share_stay_as_they_are(pipe):
    _reading, stream = pipe
    stream.write(LINE)
    assert os.get_blocking(stream.fileno())


def test_following_a_redirection_leaks_no_descriptor(pipe):
    reading, stream = pipe
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    other_reading, other_writing = os.pipe()
    os.dup2(other_writing, stream.fileno())
    stream.reopen()
    stream.write(LINE)
    assert os.read(other_reading, 65536) == LINE
    os.close(other_reading)
    os.close(other_writing)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert os.read(reading, 1) == b"", "nobody holds the other end any more"


def test_a_pipe_whose_reader_is_gone_costs_only_the_lines(lost):
    reading, writing = os.pipe()
    stream = Output(writing)
    os.close(reading)
    for _ in range(3):
        stream.write(LINE)
    assert sum(lost) == 3
    assert Output(writing).write(LINE) == len(LINE), "gone from the start"
    os.close(writing)


def test_a_full_device_costs_only_the_lines(lost):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        stream = Output(full.fileno())
        stream.write(LINE * 2)
    assert sum(lost) == 2


def test_a_socket_that_nobody_reads_is_not_waited_for(lost):
    reading, writing = socket.socketpair()
    with reading, writing:
        stream = Output(writing.fileno())
        for _ in range(900):
            stream.write(LINE)
        received = b""
        while len(received) < 900 * len(LINE):
            stream.flush()
            received += reading.recv(1 << 20)
    assert received == LINE * 900
    assert lost == []


def test_another_users_pipe_is_written_where_there_is_room(pipe, lost, monkeypatch):
    reading, stream = pipe

    def denied(*_arguments):
        raise PermissionError

    monkeypatch.setattr(os, "open", denied)
    stream.reopen()
    monkeypatch.undo()
    for _ in range(200):
        stream.write(LINE)
    assert drained(reading, stream) == LINE * 200
    assert lost == []


class Disk:
    """A disk that takes so many more bytes."""

    def __init__(self, room):
        self.room, self.content = room, b""

    def write(self, content):
        if not self.room:
            raise OSError(28, "No space left on device")
        written = bytes(content[: self.room])
        self.content += written
        self.room -= len(written)
        return len(written)


def test_after_a_full_disk_no_line_continues_half_of_another(pipe, lost, monkeypatch):
    _reading, stream = pipe
    disk = Disk(len(LINE) + 10)
    monkeypatch.setattr(stream, "_send", disk.write)
    for _ in range(4):
        stream.write(LINE)
    assert sum(lost) == 3, "the one that was cut is among them"
    disk.room = 1_000_000
    stream.write(LINE)
    first, half, report, last = disk.content.splitlines(keepends=True)
    assert (first, half, last) == (LINE, LINE[:10] + b"\n", LINE)
    assert json.loads(report)["lost"] == 3


def test_a_child_does_not_write_what_waits_in_its_parent(pipe):
    reading, stream = pipe
    for _ in range(100):
        stream.write(LINE)
    before = os.read(reading, 1 << 20)
    child = os.fork()
    if not child:
        stream.flush()
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(BlockingIOError):
        os.read(reading, 1)
    assert before + drained(reading, stream) == LINE * 100
