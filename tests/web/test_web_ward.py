"""Tiles, names and the alarm log, as the first view and the log ask for them."""

import csv
import json
from typing import Any

import pytest

from databases import Database
from neonat.web.query import ms_of, stamp
from waiting import wait_for
from web.parts import Site, Ward, now_ms

SENSOR = b"C43O2 SENS ERR "
HOUR = 3_600_000


class Client:
    """A page that does as the real one does: `X-CSRF-Token` with what changes something."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.csrf = site.json("/api/v1/me")["csrf"]

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer, data = self.site.request(path, method, {"X-CSRF-Token": self.csrf}, body)
        return answer.status, json.loads(data) if data else None


def alarmed(ward: Ward, gateway: str, alarms: bytes, ago: int) -> None:
    ward.feed(gateway, (0x27, alarms), ago=ago)


def test_a_tile_tells_all_of_a_gateway(ward: Ward, site: Site) -> None:
    ward.usual("bed-1")
    alarmed(ward, "bed-1", SENSOR + b"5B2CHECK WEAN  ", 0)
    ward.state("bed-1")
    said = site.json("/api/v1/ward")
    assert said["server"] == {"ok": True, "reason": None} and said["order"] == []
    (tile,) = said["tiles"]
    assert tile["gateway"] == "bed-1" and tile["assignment"] is None
    assert tile["values"]["air_temperature"] == {"value": 33.3, "unit": "Cel", "raw": "33.3"}
    assert tile["set_points"]["air_temperature"] == {"value": 32.5, "unit": "Cel"}
    assert [mode["name"] for mode in tile["modes"]] == ["air_mode"]
    assert [(one["level"], one["name"]) for one in tile["alarms"]] == [
        ("medium", "oxygen_sensor_error"),
        ("low", "check_weaning"),
    ]
    assert tile["level"] == "medium" and tile["stale"] is None and tile["link"] == "up"
    assert site.json("/api/v1/gateways/bed-1/latest")["tile"]["values"] == tile["values"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"online": False}, "gateway_off"),
        ({"link": "down"}, "line_down"),
        ({"link": "connecting"}, "device_off"),
        ({"link": "up"}, "device_off"),
        ({"spool": {"records": 500}}, "server_behind"),
    ],
)
def test_why_a_tile_is_old(ward: Ward, site: Site, changes: dict, reason: str) -> None:
    ward.usual("bed-1", ago=60_000)
    ward.state("bed-1", **changes)
    (tile,) = site.json("/api/v1/ward")["tiles"]
    assert tile["stale"] == {"since": tile["measured_at"], "reason": reason}


def test_a_server_that_does_not_store_is_the_reason(ward: Ward, site: Site) -> None:
    ward.usual("bed-1", ago=60_000)
    ward.state("bed-1", online=False)
    ward.health(failure="disk full")

    def reason() -> str:
        said = site.json("/api/v1/ward")
        return said["tiles"][0]["stale"]["reason"] if not said["server"]["ok"] else ""

    wait_for(lambda: reason() == "server_behind", what="the server's own trouble")


def test_the_order_of_tiles_is_kept(ward: Ward, site: Site) -> None:
    client = Client(site)
    order = ["bed-2", "bed-1"]
    assert client.send("PUT", "/api/v1/layout", {"order": order}) == (200, {"order": order})
    assert site.json("/api/v1/layout")["order"] == site.json("/api/v1/ward")["order"] == order
    status, said = client.send("PUT", "/api/v1/layout", {"order": ["no such/name"]})
    assert status == 400 and said["type"] == "urn:neonat:problem:bad-request"


def test_a_device_that_moves_splits_its_history(ward: Ward, site: Site) -> None:
    ward.usual("a")
    ward.usual("b")
    client = Client(site)
    now = now_ms()
    first = {"gateway": "a", "bed": "1", "device": "D", "patient": "P"}
    status, made = client.send("POST", "/api/v1/assignments", {**first, "from": stamp(now - HOUR)})
    assert status == 201 and made["ended"] == [] and made["until"] is None
    # The device goes to the other gateway: it ends where the new one begins.
    then = stamp(now - HOUR // 2)
    status, moved = client.send(
        "POST", "/api/v1/assignments", {"gateway": "b", "bed": "2", "device": "D", "from": then}
    )
    assert status == 201 and [one["id"] for one in moved["ended"]] == [made["id"]]
    history = site.json("/api/v1/assignments?device=D")["assignments"]
    assert [(one["gateway"], one["bed"], one["until"]) for one in history] == [
        ("b", "2", None),
        ("a", "1", then),
    ]
    tiles = {tile["gateway"]: tile for tile in site.json("/api/v1/ward")["tiles"]}
    assert tiles["a"]["assignment"] is None and tiles["b"]["assignment"]["bed"] == "2"
    # What has ended holds its time.
    status, refused = client.send(
        "POST", "/api/v1/assignments", {"gateway": "a", "bed": "9", "from": stamp(now - 2 * HOUR)}
    )
    assert (status, refused["type"]) == (409, "urn:neonat:problem:overlap")
    assert refused["other"]["id"] == made["id"]
    trail = site.json("/api/v1/audit-trail")["entries"]
    assert [entry["action"] for entry in trail] == ["assign", "assign"]


def test_an_assignment_is_corrected_ended_and_removed(ward: Ward, site: Site) -> None:
    ward.usual("a")
    client = Client(site)
    _, made = client.send("POST", "/api/v1/assignments", {"gateway": "a", "bed": "1"})
    path = f"/api/v1/assignments/{made['id']}"
    assert client.send("PATCH", path, {"room": "R", "bed": None})[1]["room"] == "R"
    assert client.send("PATCH", path, {"room": None})[0] == 400
    later = stamp(now_ms() + HOUR)
    assert client.send("PATCH", path, {"until": later})[1]["until"] == later
    assert client.send("PATCH", path, {"until": "1990-01-01T00:00:00Z"})[0] == 400
    assert client.send("DELETE", path)[0] == 204
    assert client.send("DELETE", path)[0] == 404
    assert client.send("PATCH", path, {"room": "R"})[0] == 404


def test_what_was_measured_under_an_assignment_is_a_file(ward: Ward, site: Site) -> None:
    for ago in (2 * HOUR, HOUR, 0):
        ward.usual("a", ago=ago)
    ward.usual("b", ago=HOUR)
    client = Client(site)
    now = now_ms()
    span = {"from": stamp(now - 3 * HOUR // 2), "until": stamp(now - HOUR // 2)}
    _, made = client.send("POST", "/api/v1/assignments", {"gateway": "a", "bed": "1", **span})
    path = f"/api/v1/assignments/{made['id']}/readings"
    answer, data = site.request(path)
    assert answer.status == 200 and answer.getheader("Content-Type", "").startswith("text/csv")
    assert f"neonat-assignment-{made['id']}.csv" in answer.getheader("Content-Disposition", "")
    rows = list(csv.DictReader(data.decode().splitlines()))
    within = site.json(
        f"/api/v1/gateways/a/readings?from={made['from']}&to={made['until']}&limit=1000"
    )["readings"]
    assert {row["gateway"] for row in rows} == {"a"} and within
    assert sorted((row["at"], row["code"], row["raw"]) for row in rows) == sorted(
        (one["at"], one["code"], one["raw"]) for one in within
    )
    assert site.request(f"/api/v1/assignments/{made['id'] + 1}/readings")[0].status == 404


def test_a_new_name_is_told_to_who_listens(ward: Ward, site: Site) -> None:
    ward.usual("a")
    client = Client(site)
    listener = site.listen()
    assert listener.gateway()["data"]["tile"]["assignment"] is None
    client.send("POST", "/api/v1/assignments", {"gateway": "a", "bed": "7"})
    wait_for(
        lambda: (listener.gateway()["data"]["tile"]["assignment"] or {}).get("bed") == "7",
        what="the new name",
    )
    listener.close()


def test_the_alarm_log_in_pages(ward: Ward, site: Site) -> None:
    """Some alarms of two gateways, one that stands since before the time that is asked for."""
    for gateway in ("a", "b"):
        ward.usual(gateway, ago=40 * HOUR)
    alarmed(ward, "a", b"5B2CHECK WEAN  ", 39 * HOUR)
    for hour in range(30, 0, -1):
        alarmed(ward, "b", SENSOR if hour % 2 else b"", hour * HOUR)
    alarmed(ward, "b", b"I30AIR TEMP HI ", HOUR // 2)
    path = "/api/v1/alarms?from=" + stamp(now_ms() - 33 * HOUR)
    whole = site.json(path)
    assert whole["next"] is None
    starts = [one["started_at"] for one in whole["alarms"]]
    assert starts == sorted(starts, reverse=True) and len(starts) == 17
    assert whole["alarms"][0]["level"] == "high" and whole["alarms"][0]["ended_at"] is None
    assert whole["alarms"][1]["duration_s"] == pytest.approx(HOUR / 2000, abs=60)
    assert whole["alarms"][-1]["gateway"] == "a"
    paged, following = [], ""
    while following is not None:
        page = site.json(f"{path}&limit=3" + (f"&cursor={following}" if following else ""))
        paged += page["alarms"]
        following = page["next"]
    assert paged == whole["alarms"]
    assert len(site.json(path + "&priority=high,low")["alarms"]) == 2
    assert len(site.json(path + "&gateway=a")["alarms"]) == 1
    assert len(site.json(path + "&code=43")["alarms"]) == 15
    answer, body = site.request(path + "&cursor=rubbish")
    assert answer.status == 400 and "'cursor'" in json.loads(body)["detail"]


def test_alarms_are_explained_in_the_language_and_placed(ward: Ward, site: Site) -> None:
    ward.usual("a", ago=HOUR)
    alarmed(ward, "a", SENSOR + b"597NOBODY KNOWS", HOUR // 2)
    client = Client(site)
    client.send(
        "POST", "/api/v1/assignments", {"gateway": "a", "bed": "7", "from": stamp(now_ms() - HOUR)}
    )

    def log(language: str) -> dict:
        _, body = site.request("/api/v1/alarms?bed=7", headers={"Accept-Language": language})
        return {one["code"]: one for one in json.loads(body)["alarms"]}

    assert log("fr-FR,en;q=0.5")["43"]["explained"] == "Erreur du capteur d'oxygène"
    assert log("de")["43"]["explained"] == "Oxygen sensor error"
    assert log("en")["97"]["explained"] is None and log("en")["97"]["bed"] == "7"
    assert site.json("/api/v1/alarms?bed=8")["alarms"] == []


def test_counts_of_days_in_a_zone(ward: Ward, site: Site) -> None:
    ward.usual("a", ago=50 * HOUR)
    for hour in (40, 30, 3):
        alarmed(ward, "a", SENSOR, hour * HOUR)
        alarmed(ward, "a", b"", hour * HOUR - 60_000)
    said = site.json("/api/v1/alarms/counts?zone=Asia/Kathmandu")
    assert sum(day["medium"] for day in said["days"]) == 3 and len(said["days"]) in (7, 8)
    found = [one for day in said["days"] for one in day["alarms"]]
    assert {one["explained"] for one in found} == {"Oxygen sensor error"}
    assert site.request("/api/v1/alarms/counts?zone=Nowhere")[0].status == 400


def test_titles_follow_the_language(site: Site) -> None:
    for language, title in (("fr", "Introuvable"), ("en", "Not found"), ("de", "Not found")):
        _, body = site.request("/api/v1/nothing", headers={"Accept-Language": language})
        said = json.loads(body)
        assert (said["title"], said["type"]) == (title, "urn:neonat:problem:not-found")


def test_nothing_is_changed_without_the_token_of_the_page(site: Site) -> None:
    answer, body = site.request("/api/v1/layout", "PUT", {}, {"order": []})
    assert answer.status == 403 and json.loads(body)["type"] == "urn:neonat:problem:csrf"


def test_a_body_is_bounded(site: Site) -> None:
    answer, body = site.request("/api/v1/layout", "PUT", {}, {"order": ["x" * 70_000]})
    assert answer.status == 413 and json.loads(body)["type"] == "urn:neonat:problem:too-large"


def test_events_on_one_axis(ward: Ward, site: Site) -> None:
    now = now_ms()
    ward.usual("a", ago=3 * HOUR)
    for minutes, grams in ((150, b"1480"), (140, b"1480"), (100, b"1510"), (90, b"1500")):
        ward.feed("a", (0x24, b"6D33.3F2" + grams), ago=minutes * 60_000)
    alarmed(ward, "a", SENSOR, 2 * HOUR)
    alarmed(ward, "a", b"", HOUR)
    ward.feed("a", (0x29, b"1A 34.0"), ago=HOUR)
    Client(site).send(
        "POST", "/api/v1/assignments", {"gateway": "a", "bed": "7", "from": stamp(now - HOUR)}
    )
    said = site.json("/api/v1/gateways/a/events")
    assert said["complete"] is True
    rows = said["events"]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)

    def of(kind: str) -> list[dict]:
        return [row for row in rows if row["kind"] == kind]

    assert [(row["value"], row["until"] is None) for row in of("setting")] == [
        (32.5, False),
        (34.0, True),
    ]
    assert [row["value"] for row in of("weight")] == [1480, 1510, 1500]
    assert [row["name"] for row in of("mode")] == ["air_mode"]
    (alarm,) = of("alarm")
    assert alarm["level"] == "medium" and alarm["text"] == "O2 SENS ERR" and alarm["until"]
    assert [row["bed"] for row in of("assignment")] == ["7"]
    path = f"/api/v1/gateways/a/events?from={stamp(now - HOUR // 2)}"
    assert {row["kind"] for row in site.json(path)["events"]} == {"mode", "setting", "assignment"}


def steady(ward: Ward, gateway: str, first: int, last: int, every: int = 1000) -> None:
    """Measured data from `first` to `last` milliseconds ago."""
    made = []
    for ago in range(first, last - 1, -every):
        made += ward.records(gateway, (0x24, b"6D33.3"), ago=ago)
    ward.store.write(made)


@pytest.mark.parametrize("hours", [1, 24])
def test_stretches_without_data_have_their_reason(ward: Ward, site: Site, hours: int) -> None:
    """Near by record for record, over a day by what the rollups leave empty."""
    minute = 60_000
    ward.usual("a", ago=hours * HOUR - minute)
    every = hours * 1000
    steady(ward, "a", hours * HOUR - minute, hours * HOUR // 2, every)
    ward.seq["a"] += 50
    steady(ward, "a", hours * HOUR // 4, 0, every)
    ward.store.roll(now=True)
    said = site.json(f"/api/v1/gateways/a/gaps/spans?from={stamp(now_ms() - hours * HOUR)}")
    assert said["complete"] is True
    (span,) = [one for one in said["spans"] if one["reason"] == "in_flight"]
    for key, ago in (("from", hours * HOUR // 2), ("until", hours * HOUR // 4)):
        assert abs(ms_of(span[key]) - (now_ms() - ago)) < 3 * minute, key


def test_a_gateway_that_is_silent_has_a_stretch_that_goes_on(ward: Ward, site: Site) -> None:
    ward.usual("a", ago=HOUR)
    steady(ward, "a", HOUR, HOUR // 2)
    (span,) = site.json("/api/v1/gateways/a/gaps/spans")["spans"]
    assert span["until"] is None and abs(ms_of(span["from"]) - (now_ms() - HOUR // 2)) < 60_000
    later = f"from={stamp(now_ms() - 600_000)}"
    (span,) = site.json(f"/api/v1/gateways/a/gaps/spans?{later}")["spans"]
    assert span["until"] is None and span["reason"] == "silent"


def test_how_the_gateways_do(ward: Ward, site: Site) -> None:
    ward.usual("a", ago=40 * 60_000)
    steady(ward, "a", 40 * 60_000, 20 * 60_000, 5000)
    ward.state("a", version="1.2.3")
    ward.usual("b")
    said = site.json("/api/v1/fleet?zone=Etc/GMT%2B12")
    rows = {row["gateway"]: row for row in said["gateways"]}
    assert rows["a"]["state"]["version"] == "1.2.3" and rows["a"]["online"] is True
    assert rows["a"]["boot"] == 1 and rows["b"]["state"] is None
    assert rows["b"]["coverage_today"] is None
    assert site.request("/api/v1/fleet?zone=x")[0].status == 400


def test_all_of_it_on_either_database(db: Database) -> None:
    """The first view, the log, the events and the names, as the page asks for them."""
    ward = Ward(db.url)
    site = None
    try:
        with ward.reporting():
            ward.usual("a", ago=3 * HOUR)
            steady(ward, "a", 3 * HOUR, 3 * HOUR - 300_000, 5000)
            alarmed(ward, "a", SENSOR, 2 * HOUR)
            alarmed(ward, "a", b"", HOUR)
            ward.feed("a", (0x24, b"6D33.3F21480"), ago=HOUR)
            ward.usual("a")
            ward.state("a")
            site = Site(db.url)
            client = Client(site)
            given = {"gateway": "a", "bed": "7", "from": stamp(now_ms() - 3 * HOUR)}
            assert client.send("POST", "/api/v1/assignments", given)[0] == 201
            assert client.send("PUT", "/api/v1/layout", {"order": ["a"]})[0] == 200
            said = site.json("/api/v1/ward")
            assert said["order"] == ["a"] and said["server"]["ok"] is True
            (tile,) = said["tiles"]
            assert tile["assignment"]["bed"] == "7" and tile["stale"] is None
            assert tile["values"]["air_temperature"]["value"] == 33.3
            (alarm,) = site.json("/api/v1/alarms")["alarms"]
            assert (alarm["bed"], alarm["level"]) == ("7", "medium")
            assert abs(alarm["duration_s"] - 3600) < 60
            days = site.json("/api/v1/alarms/counts")["days"]
            assert sum(day["medium"] for day in days) == 1
            kinds = {one["kind"] for one in site.json("/api/v1/gateways/a/events")["events"]}
            assert kinds == {"mode", "setting", "alarm", "weight", "assignment"}
            spans = site.json("/api/v1/gateways/a/gaps/spans")["spans"]
            assert spans and all(span["until"] for span in spans)
            (row,) = site.json("/api/v1/fleet")["gateways"]
            assert row["assignment"]["bed"] == "7" and row["state"]["link"] == "up"
            assert [one["action"] for one in site.json("/api/v1/audit-trail")["entries"]] == [
                "assign"
            ]
    finally:
        if site is not None:
            site.stop()
        ward.store.close()
