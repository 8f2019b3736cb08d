"""The lines of an input: bounds, positions, compression, and what a later run reads."""

import gzip
import itertools
import os
import threading

import pytest
from dynamodb_items.transfer.errors import ExitStatus, TransferStopped
from dynamodb_items.transfer.importing.lines import MAX_LINE_BYTES, Position, opened


@pytest.fixture
def read(tmp_path):
    """Write an input, and return the lines after a position."""

    def read(content, after=None, name="input.jsonl"):
        path = tmp_path / name
        path.write_bytes(content)
        with opened(str(path), threading.Event()) as lines:
            start = after or Position()
            lines.skip(start)
            return list(lines.after(start))

    return read


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"\n\na\n \n", [b"", b"", b"a", b""]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", [b"a", b"\xef\xbb\xbfb"]),
        (b" \t{}\t \n", [b"{}"]),
        (b"a\x00\n\xff\n", [b"a\x00", b"\xff"]),
    ],
)
def test_lines(read, content, lines):
    assert [line.content for line in read(content)] == lines


@pytest.mark.parametrize("name", ["input.jsonl", "input.jsonl.gz"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_longest_line(read, name, end):
    longest = b"x" * MAX_LINE_BYTES
    content = longest + end
    content = gzip.compress(content) if name.endswith(".gz") else content
    (line,) = read(content, name=name)
    assert line.content == longest
    assert line.end.offset == len(longest + end)


@pytest.mark.parametrize("extra", [1, 2, 3, 300_000, 5_000_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nnext\n"])
def test_a_line_that_is_too_long(read, extra, end):
    content = b"first\n" + b"x" * (MAX_LINE_BYTES + extra) + end
    first, long, *others = read(content)
    assert first.content == b"first"
    assert long.content is None
    assert [line.content for line in others] == [each for each in [b"next"] if each in end]
    assert [first, long, *others][-1].end.offset == len(content)


@pytest.mark.parametrize("name", ["input.jsonl", "input.jsonl.gz"])
def test_a_later_run_continues_after_every_line(read, name):
    content = b"".join(b"%d\n" % number * (number % 3) for number in range(20))
    stored = gzip.compress(content) if name.endswith(".gz") else content
    lines = read(stored, name=name)
    for done, line in enumerate(lines, 1):
        assert read(stored, after=line.end, name=name) == lines[done:]


def test_an_input_that_grew_is_continued(read):
    *_, last = read(b"a\nb\n")
    assert [line.content for line in read(b"a\nb\nc\n", after=last.end)] == [b"c"]


@pytest.mark.parametrize("changed", [b"a\nB\nc\n", b"a\n", b"", b"aa\nb\nc"])
def test_an_input_that_changed_is_rejected(read, changed):
    _, second, _ = read(b"a\nb\nc\n")
    with pytest.raises(TransferStopped, match="--restart") as stopped:
        read(changed, after=second.end)
    assert stopped.value.status is ExitStatus.USAGE


@pytest.mark.parametrize("cut", [1, 5, 12, -1, -9])
def test_a_damaged_gzip_file_is_reported(read, cut):
    with pytest.raises(TransferStopped, match="not a complete gzip file") as stopped:
        read(gzip.compress(os.urandom(2000))[:cut], name="input.jsonl.gz")
    assert stopped.value.status is ExitStatus.FILE_FAILED


def test_lines_before_the_damage_are_read(tmp_path):
    path = tmp_path / "input.gz"
    path.write_bytes(gzip.compress(b"a\nb\n") + b"not gzip")
    with opened(str(path), threading.Event()) as lines:
        after = lines.after(Position())
        assert [line.content for line in itertools.islice(after, 2)] == [b"a", b"b"]
        with pytest.raises(TransferStopped, match="after line 2"):
            next(after)


@pytest.mark.parametrize(
    ("name", "reason"), [("absent", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read(tmp_path, name, reason):
    with (
        pytest.raises(TransferStopped, match=reason) as stopped,
        opened(str(tmp_path / name), threading.Event()),
    ):
        pass
    assert stopped.value.status is ExitStatus.FILE_FAILED


def test_a_stop_ends_a_pipe_that_delivers_nothing(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    stop = threading.Event()
    writer = os.open(pipe, os.O_RDWR)
    try:
        os.write(writer, b"whole\ncut o")
        with opened(str(pipe), stop) as lines:
            after = lines.after(Position())
            assert next(after).content == b"whole"
            threading.Timer(0.05, stop.set).start()
            assert list(after) == [], "a line that the signal cut off is not a line"
    finally:
        os.close(writer)


@pytest.mark.parametrize("name", ["input.jsonl", "input.jsonl.gz"])
def test_the_amount_at_the_end_is_the_size_of_the_file(tmp_path, name):
    content = b"a\nb\n" * 1000
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with opened(str(path), threading.Event()) as lines:
        first, *_, last = lines.after(Position())
        assert lines.amount(last.end) == path.stat().st_size
        assert lines.amount(first.end) == (2 if name == "input.jsonl" else path.stat().st_size)
