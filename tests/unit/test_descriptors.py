"""How many clients a limit on file descriptors permits, and how its exhaustion is recognized."""

import errno
import resource
import socket

import pytest
from botocore.exceptions import EndpointConnectionError
from dynamodb_items.dynamodb.error_codes import failure_of
from dynamodb_items.dynamodb.failures import Failure
from dynamodb_items.runtime import descriptors
from dynamodb_items.server.idle_connections import shut_down_idle


@pytest.mark.parametrize(
    ("limit", "connections"),
    [(1024, 746), (65536, 65258), (394, 116), (377, 99), (376, 99), (160, 27), (90, 4)],
)
def test_each_request_of_a_client_may_have_a_connection_to_the_table(
    monkeypatch, limit, connections
):
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
    monkeypatch.setattr(descriptors, "_open_now", lambda: 44)
    assert descriptors.most_connections(100) == connections


def test_a_limit_that_leaves_hardly_any_is_an_error(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (89, 89))
    monkeypatch.setattr(descriptors, "_open_now", lambda: 44)
    with pytest.raises(descriptors.TooFewDescriptors, match="at least 90"):
        descriptors.most_connections(100)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_the_cause_is_found_however_deep_it_is(number):
    cause = OSError(number, "Too many open files")
    wrapped = ConnectionError("a new connection could not be made")
    wrapped.__cause__ = cause
    error = EndpointConnectionError(endpoint_url="x", error=wrapped)
    assert failure_of(error) is Failure.NO_DESCRIPTORS


def test_other_errors_are_not_exhaustion():
    for cause in (ConnectionRefusedError(111, "closed port"), socket.gaierror(-2, "unknown name")):
        error = EndpointConnectionError(endpoint_url="x", error=cause)
        assert failure_of(error) is Failure.UNREACHABLE


def test_a_name_server_that_cannot_be_reached_for_want_of_a_descriptor(monkeypatch):
    def no_more(_descriptor):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(descriptors.os, "dup", no_more)
    error = EndpointConnectionError(endpoint_url="x", error=socket.gaierror(-2, "unknown name"))
    assert failure_of(error) is Failure.NO_DESCRIPTORS


def test_idle_connections_are_shut_down_without_a_descriptor_and_next_to_a_closed_one(monkeypatch):
    ours, theirs = socket.socketpair()
    closed, _other = socket.socketpair()
    closed.close()

    def no_more(_descriptor):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(descriptors.os, "dup", no_more)
    shut_down_idle({closed: 0.0, ours: 0.0}, socket.SHUT_RDWR, before=1.0)
    assert theirs.recv(1) == b""
    assert ours.fileno() >= 0
    ours.close()
    theirs.close()
