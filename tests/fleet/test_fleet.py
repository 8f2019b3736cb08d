"""What happens to one instance, or to the table, fails no request but those in flight on it."""

import os
import signal
import sys
import time

import pytest

from tests.fleet.instances import WORKERS, eventually, pause
from tests.serving import has_ended
from tests.wire import reject

# The long form drains each instance for 15 seconds.
pytestmark = pytest.mark.timeout(600)


def failures(clients, since=0.0):
    return [outcome for outcome in clients.since(since) if outcome.failed]


def no_failures(every):
    for name, clients in every.items():
        assert failures(clients) == [], name
        assert clients.served() > 0


def test_a_rolling_restart_fails_no_request(fleet, form, under_load):
    with under_load() as every:
        for instance in fleet.instances[: form.stopped]:
            pause(0.5)
            instance.stop()
            pause(0.5)
            instance.start()
            instance.wait_until_ready()
            pause(1)
    no_failures(every)


def test_a_reload_of_every_instance_at_once_fails_no_request_and_no_check(fleet, under_load):
    with under_load() as every:
        before = fleet.workers()
        checks = []
        for instance in fleet.instances:
            instance.reload()

        def replaced():
            checks.extend(instance.ready_status() for instance in fleet.instances)
            return not before & fleet.workers()

        eventually(replaced)
        pause(1)
    no_failures(every)
    assert set(checks) == {200}


def test_a_killed_worker_fails_only_what_it_was_serving(fleet, form, under_load):
    with under_load() as every:
        pause(1)
        victim = fleet.instances[0].server.workers[0]
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: len(set(fleet.instances[0].server.workers) - {victim}) == WORKERS)
        pause(1)
    for clients in every.values():
        assert len(failures(clients)) <= form.clients


def test_a_killed_instance_fails_only_what_it_was_serving(fleet, form, under_load):
    with under_load() as every:
        pause(1)
        victim = fleet.instances[1]
        pids = victim.processes
        victim.kill()
        eventually(lambda: all(map(has_ended, pids)))
        # Until then a proxy may send on kept connections: it has not yet read that they are closed.
        noticed = time.monotonic() + 1
        pause(2)
        victim.start()
        victim.wait_until_ready()
        pause(1)
    for name, clients in every.items():
        assert len(failures(clients)) <= form.clients, name
        assert failures(clients, since=noticed) == [], name


def test_in_an_outage_of_the_table_every_instance_stays_in_use(fleet, form, under_load):
    with under_load() as every:
        pause(1)
        with fleet.without_table():
            pause(form.outage)
            assert [instance.ready_status() for instance in fleet.instances] == [200, 200, 200]
        back = time.monotonic()
        pause(2)
    for name, clients in every.items():
        # The service itself responds, with the reason; no proxy has run out of instances.
        assert [outcome for outcome in clients.outcomes if outcome.is_the_proxy_s] == [], name
        assert {outcome.problem for outcome in failures(clients)} <= {
            *("table-unavailable", "timeout", "outcome-unknown"),
        }
        assert failures(clients, since=back) == [], name


def test_a_flapping_table_is_used_while_it_is_available(fleet, form, under_load):
    available = []
    with under_load() as every:
        until = time.monotonic() + form.flapping
        while time.monotonic() < until:
            with fleet.without_table():
                pause(0.5)
            began = time.monotonic()
            pause(0.5)
            available.append((began, time.monotonic()))
        pause(1)
    for name, clients in every.items():
        assert [outcome for outcome in clients.outcomes if outcome.is_the_proxy_s] == [], name
        possible = [
            outcome
            for outcome in clients.outcomes
            if any(began <= outcome.began and outcome.ended <= end for began, end in available)
        ]
        assert len(possible) > len(available), name
        assert [outcome for outcome in possible if outcome.failed] == [], name


def test_a_starved_instance_gets_fewer_requests(fleet, form, under_load):
    starved = fleet.instances[2]
    before = [instance.served() for instance in fleet.instances]
    with under_load() as every:
        with starved.starved(share=0.1):
            pause(form.starving)
        counted = [instance.served() for instance in fleet.instances]
    no_failures(every)
    served = [after - earlier for after, earlier in zip(counted, before, strict=True)]
    sys.stdout.write(f"served by each instance: {served}\n")
    assert served[2] < min(served[:2]) / 2, served


def test_an_instance_without_credentials_fails_no_request(fleet, form, under_load):
    """Another instance does what this one returns 503 for, until it is out of the load balancer."""
    without = fleet.instances[0]
    with under_load() as every:
        pause(0.5)
        with without.wire.fault(reject("UnrecognizedClientException")):
            eventually(lambda: without.ready_status() == 503)
            pause(form.without_credentials)
        eventually(lambda: without.ready_status() == 200)
    no_failures(every)
