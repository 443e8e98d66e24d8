"""Metrics: a parser of Prometheus takes them, and the example alert rules ask for what there is."""

import re
from importlib.resources import files
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from histories import MEASURED, T0, made
from neonat.ingest.timing import BUCKETS, Timing
from web.parts import Site, Ward


def told(site: Site) -> dict[str, list]:
    """The samples of each metric by the name of the sample."""
    _, body = site.request("/metrics")
    found: dict[str, list] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def health() -> dict:
    timing = Timing()
    for seconds in (0.001, 0.004, 0.2, 30.0):
        timing.committed(seconds, [made("g", 1, 1, MEASURED[0], T0, 0)], T0 + 1500)
    return timing.facts()


def test_the_few_numbers_that_matter(ward: Ward, site: Site) -> None:
    ward.usual("bed-1")
    ward.state("bed-1", online=True)
    ward.health(**health())
    found = told(site)
    buckets = {
        labels["le"]: value for labels, value in found["neonat_ingest_commit_seconds_bucket"]
    }
    assert buckets["0.005"] == 2
    assert buckets["0.25"] == 3
    assert buckets["+Inf"] == 4
    assert len(buckets) == len(BUCKETS) + 1
    assert found["neonat_ingest_commit_seconds_count"] == [({}, 4)]
    assert found["neonat_ingest_lag_seconds"] == [({}, 1.5)]
    assert found["neonat_gateways_online"] == [({}, 1)]
    assert found["neonat_database_bytes"][0][1] > 10_000


def test_missing_numbers_by_reason(ward: Ward, site: Site) -> None:
    ward.store.write([made("bed-2", 1, n, MEASURED[0], T0 + n, n) for n in (1, 2, 6, 9)])
    assert told(site)["neonat_gap_numbers"] == [({"gateway": "bed-2", "reason": "in_flight"}, 5)]


def test_every_alert_asks_for_a_metric_that_there_is(ward: Ward, site: Site) -> None:
    ward.usual("bed-1")
    ward.health(**health())
    ward.store.write([made("bed-2", 1, n, MEASURED[0], T0 + n, n) for n in (1, 2, 6)])
    there = set(told(site))
    template = files("neonat.deploy") / "templates" / "alerts.yaml"
    for rule in yaml.safe_load(Path(str(template)).read_text())["groups"][0]["rules"]:
        asked = set(re.findall(r"neonat_[a-z_]+", rule["expr"]))
        assert asked
        assert asked <= there, rule["alert"]


def test_a_report_of_another_version_breaks_nothing(ward: Ward, site: Site) -> None:
    for broken in (None, 3, {}, {"bounds": [1], "counts": [1], "sum": 1}, {"bounds": 1}):
        ward.health(commit_s=broken, lag_s="soon")
        answer, _ = site.request("/metrics")
        assert answer.status == 200
