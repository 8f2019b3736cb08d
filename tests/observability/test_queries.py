"""The dashboard's queries and the alerts, run on a real Prometheus that scrapes the service."""

import itertools
import json
import os
import re
import shutil
import textwrap
import urllib.error
import urllib.parse
import urllib.request

import pytest
import yaml
from dynamodb_items.local.processes import free_port

from tests.engines import ROOT, process, wait_for
from tests.faults.conftest import eventually
from tests.observability.test_metrics import ITEM, QUERIES, watched
from tests.wire import reject

GENEROUS_SECONDS = 60
RATE_INTERVAL = "1m"
"""What Grafana would put in; here sixty scrapes."""


def program() -> str:
    unpacked = ROOT / "build/prometheus/usr/bin/prometheus"
    found = str(unpacked) if unpacked.exists() else shutil.which("prometheus")
    assert found, "these tests need Prometheus: make build/prometheus/.unpacked, or your own"
    return found


class Prometheus:
    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, **query: str):
        target = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(target, timeout=30) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["error"]) from None

    def values(self, query: str) -> list[float]:
        """Return the current values of a query."""
        return [float(each["value"][1]) for each in self.get("query", query=query)["result"]]


def alerts() -> list[dict]:
    page = (ROOT / "docs/observability.md").read_text()
    block = re.search(r"```text\n(- alert:.*?)```", page, re.DOTALL)[1]
    return yaml.safe_load(textwrap.dedent(block))


@pytest.fixture(scope="module")
def prometheus(wire, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    limited = {"ITEMS_RATE_LIMIT": "2/hour", "ITEMS_TRUSTED_PROXIES": "1"}
    with watched(wire.url, "-w", "1", **limited) as (server, port):
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "scrape_configs": [
                {"job_name": "items", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            ],
            "rule_files": ["rules.yaml"],
        }
        rules = {"groups": [{"name": "items", "rules": alerts()}]}
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
        (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
        own_port = free_port()
        command = [
            *(program(), f"--config.file={folder / 'prometheus.yaml'}"),
            *(f"--web.listen-address=127.0.0.1:{own_port}", f"--storage.tsdb.path={folder}/data"),
        ]
        with (folder / "log").open("wb") as log, process(command, dict(os.environ), log) as child:
            url = f"http://127.0.0.1:{own_port}"
            wait_for(f"{url}/-/ready", child)
            scraping = Prometheus(url)
            busy = reject("ProvisionedThroughputExceededException")
            clients = itertools.count()

            def has_rates() -> bool:
                for target in (ITEM, "/items/104/busy"):
                    client = f"2001:db8:{next(clients):x}::1"
                    server.request("GET", target, X_Forwarded_For=client)
                server.request("GET", ITEM, X_Forwarded_For="198.51.100.1")
                return all(
                    any(scraping.values(f"rate({series}[1m]) > 0"))
                    for series in (
                        "items_dynamodb_retries_total",
                        'items_requests_total{status="200"}',
                        'items_requests_total{status="429"}',
                        'items_requests_total{status="503"}',
                    )
                )

            with wire.fault(busy, when=lambda call: b"busy" in call.body):
                eventually(has_rates, GENEROUS_SECONDS)
            yield scraping


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_of_the_dashboard_has_a_result(prometheus, title, query):
    expression = query.replace("$__rate_interval", RATE_INTERVAL).replace("$job", "items")
    values = prometheus.values(expression)
    assert values, f"{title} shows nothing"
    assert all(value == value for value in values), f"{title} shows NaN"  # noqa: PLR0124


def test_the_alerts_are_valid_and_only_the_right_one_fires(prometheus):
    def states() -> dict[str, str]:
        groups = prometheus.get("rules")["groups"]
        evaluated = [rule for group in groups for rule in group["rules"] if rule["lastEvaluation"]]
        assert not [rule["lastError"] for rule in evaluated if rule.get("lastError")]
        return {rule["name"]: rule["state"] for rule in evaluated if rule["health"] == "ok"}

    quiet = dict.fromkeys((alert["alert"] for alert in alerts()), "inactive")
    assert eventually(lambda: states() == {**quiet, "ItemsFail": "firing"})


def test_an_alerts_left_side_is_measured(prometheus):
    """An alert on a series that does not exist never fires."""
    for alert in alerts():
        measured = re.sub(r" > [0-9. *]+$", "", alert["expr"])
        assert measured != alert["expr"]
        assert prometheus.values(measured), alert["alert"]
