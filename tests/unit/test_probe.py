"""What each outcome of the readiness probe means for ``/ready``."""

import threading

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import (
    CredentialsUnavailable,
    ItemNotFound,
    KeySchemaMismatch,
    ServiceOverloaded,
    SignatureRejected,
    StorageMisconfigured,
    StorageThrottled,
    StorageTimeout,
    StorageUnavailable,
)
from dynamodb_items.observability.events import Observer
from dynamodb_items.runtime.instance import Instance
from dynamodb_items.web.resources import health
from dynamodb_items.web.resources.health import Probe
from structlog.testing import capture_logs

NEVER_READ = "The table has not been read yet."


class Table:
    """A repository whose next read ends as the test sets it."""

    def __init__(self):
        self.outcome = None

    def get(self, _key):
        if self.outcome is not None:
            raise self.outcome


class Gauge(Observer):
    def __init__(self):
        self.values = []

    def table_probed(self, *, is_available):
        self.values.append(is_available)


@pytest.fixture
def table():
    return Table()


def probe_of(table, **settings):
    return Probe(table, Settings(**settings), Gauge())


def after(probe, table, *outcomes):
    """Why the instance is not ready after reads that end so."""
    for outcome in outcomes:
        table.outcome = outcome
        probe._probe()  # noqa: SLF001 - the thread would only add waiting
    return probe.reason_not_ready


OUTAGES = [
    StorageUnavailable("away"),
    StorageTimeout("slow"),
    StorageMisconfigured("no permission"),
    RuntimeError("a defect"),
]


def test_before_the_first_read_the_instance_is_not_ready(table):
    probe = probe_of(table)
    assert probe.reason_not_ready == NEVER_READ
    assert after(probe, table, *OUTAGES) == NEVER_READ
    assert after(probe, table, None) is None


def test_other_keys_of_the_table_are_logged_once_with_advice(table):
    table.get = lambda key: raise_mismatch() if len(key.values) > 1 else None
    probe = probe_of(table)
    with capture_logs() as log:
        reason = after(probe, table, None, None)
    assert reason.startswith("The table's key attributes are not those in ITEMS_PARTITION_KEY")
    (line,) = [line for line in log if line["event"] == "not ready"]
    assert line["advice"] == "Set ITEMS_SORT_KEY to an empty text."


def test_other_keys_of_a_table_that_was_read_are_an_outage_of_the_table(table):
    probe = probe_of(table)
    assert after(probe, table, None, KeySchemaMismatch("created again")) is None
    assert not probe.is_table_available


def test_reads_that_fail_otherwise_give_no_wrong_advice(table):
    outcomes = iter([KeySchemaMismatch("other keys"), StorageUnavailable("away")])

    def get(_key):
        raise next(outcomes)

    table.get = get
    with capture_logs() as log:
        after(probe_of(table), table, None)
    (line,) = [line for line in log if line["event"] == "not ready"]
    assert line["advice"].startswith("Compare ITEMS_PARTITION_KEY and ITEMS_SORT_KEY")


def raise_mismatch():
    raise KeySchemaMismatch("other keys")


@pytest.mark.parametrize("outcome", [ItemNotFound("absent"), StorageThrottled("busy")])
def test_an_absent_item_and_a_busy_table_are_reads(table, outcome):
    probe = probe_of(table)
    assert after(probe, table, outcome) is None
    assert probe.is_table_available


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_of_the_table_leaves_it_ready_and_is_reported(table, outage):
    probe = probe_of(table)
    assert after(probe, table, None, outage, outage, outage, outage) is None
    assert not probe.is_table_available
    assert after(probe, table, None) is None
    assert probe.is_table_available
    assert probe._observer.values == [True, False, False, False, False, True]  # noqa: SLF001


@pytest.mark.parametrize("outage", OUTAGES)
def test_where_it_follows_the_table_the_third_failed_read_counts(table, outage):
    probe = probe_of(table, ready_follows_table=True)
    assert after(probe, table, None, outage, outage) is None
    assert after(probe, table, None, outage, outage) is None, "counted from the last success"
    assert after(probe, table, outage) == "The table cannot be read at the moment."
    assert after(probe, table, None) is None


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (CredentialsUnavailable("none"), "This instance has no valid AWS credentials."),
        (
            SignatureRejected("skewed"),
            "AWS rejects this instance's signatures: its secret key or its clock is wrong.",
        ),
    ],
    ids=["none", "clock"],
)
def test_credentials_and_clock_are_the_instances_own_trouble(table, trouble, reason):
    probe = probe_of(table)
    assert after(probe, table, None, trouble) == reason
    assert probe.is_table_available, "nothing is known of it"
    assert after(probe, table, StorageUnavailable("away")) == reason, "nothing was verified"
    assert after(probe, table, StorageMisconfigured("no permission")) is None, "it was signed well"
    assert after(probe, table, trouble, None) is None


def test_a_worker_without_resources_reports_nothing_about_table_or_instance(table):
    probe = probe_of(table)
    assert after(probe, table, None, ServiceOverloaded("full")) is None
    assert probe.is_table_available


def test_a_new_worker_of_an_instance_that_was_ready_is_ready_at_once(table):
    instance = Instance()
    old, new = probe_of(table), probe_of(table)
    old.instance = new.instance = instance
    after(old, table, None)
    assert new.reason_not_ready is None
    instance.mark_stopping()
    assert old.reason_not_ready == new.reason_not_ready == "This instance is stopping."


@pytest.mark.parametrize(
    ("outcome", "seconds"), [(None, 5), (CredentialsUnavailable("none"), 1)], ids=["ready", "not"]
)
def test_it_probes_each_second_while_it_is_not_ready(table, monkeypatch, outcome, seconds):
    pauses, over = [], threading.Event()

    def sleep(pause):
        pauses.append(pause)
        over.set()
        threading.Event().wait()

    monkeypatch.setattr(health, "time", type("Clock", (), {"sleep": staticmethod(sleep)}))
    table.outcome = outcome
    probe_of(table).start()
    assert over.wait(10)
    assert pauses == [seconds]


def test_a_defect_in_a_report_does_not_end_the_probe(table, monkeypatch):
    reads, recovered = [], threading.Event()
    monkeypatch.setattr("dynamodb_items.runtime.background.STEP_RETRY_SECONDS", 0.0)

    class Broken(Observer):
        def table_probed(self, *, is_available):
            reads.append(is_available)
            if len(reads) <= 3:
                raise OSError("no space left on device")
            recovered.set()
            threading.Event().wait()

    probe = Probe(table, Settings(), Broken())
    probe.start()
    assert recovered.wait(10)
    assert reads == [True] * 4
    assert probe.reason_not_ready is None
