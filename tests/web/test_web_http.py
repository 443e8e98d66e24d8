"""The HTTP interface on a real server and a real database."""

import gzip
import json
import re
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neonat.store import StoreError
from neonat.web.address import host_of, is_loopback
from neonat.web.encode import to_json
from neonat.web.guard import HEADERS
from neonat.web.options import Options
from neonat.web.server import ServeError, serve
from neonat.web.source import Source, UnavailableError
from waiting import wait_for
from web.parts import MEASURED, Site, Ward, now_ms

PATHS = [
    "/",
    "/healthz",
    "/metrics",
    "/static/page.js",
    "/static/page.css",
    "/api/v1/gateways",
    "/api/v1/gateways/none/latest",
    "/nowhere",
]


def test_healthz_says_what_is_missing_until_all_works(tmp_path: Path):
    file = tmp_path / "later.db"
    site = Site(f"sqlite:///{file}")

    def health() -> tuple[int, dict]:
        answer, body = site.request("/healthz")
        return answer.status, json.loads(body)

    try:
        status, said = health()
        assert status == 503 and said["ok"] is False and said["reason"].startswith("store: ")
        assert said["gateways"] is None and said["code"] == "store_failing"
        ward = Ward(file)
        wait_for(lambda: "ingest has not run" in (health()[1]["reason"] or ""), what="the store")
        ward.health()
        wait_for(lambda: health()[0] == 200, what="a healthy server")
        assert health()[1]["reason"] is None
        for change, words, code in [
            ({"failure": "disk full"}, "ingest cannot store: disk full", "ingest_failing"),
            ({"connected": False}, "no connection to the broker mqtt://127.0.0.1", "broker_lost"),
            ({"running": False}, "ingest is stopped", "ingest_stopped"),
        ]:
            ward.health(**change)
            wait_for(lambda words=words: words in (health()[1]["reason"] or ""), what=words)
            status, said = health()
            assert status == 503 and said["code"] == code
        ward.health()
        wait_for(lambda: health()[0] == 200, what="recovery")
        ward.store.close()
    finally:
        site.stop()


def test_healthz_does_not_trust_an_old_report(ward: Ward):
    ward.health(at=now_ms() - 60_000)
    site = Site(ward.url)
    try:
        answer, body = site.request("/healthz")
        assert answer.status == 503
        assert "does not report" in json.loads(body)["reason"]
    finally:
        site.stop()


def test_gateways_and_latest(ward: Ward, site: Site):
    ward.usual("bed-1")
    ward.state("bed-1")
    (row,) = site.json("/api/v1/gateways")["gateways"]
    assert row["gateway"] == "bed-1"
    assert row["device_id"] == "5700"
    latest = site.json("/api/v1/gateways/bed-1/latest")
    assert latest["gateway"] == "bed-1"
    assert latest["device"]["name"] == "Babyleo TN500"
    assert latest["online"] is True
    assert latest["state"]["line"] == {"baud": 38400, "parity": "odd"}
    by_name = {reading["name"]: reading for reading in latest["readings"]}
    assert by_name["air_temperature"]["value"] == 33.3
    assert by_name["air_temperature"]["unit"] == "Cel"
    assert latest["settings"][0]["name"] == "air_temperature_setting"
    assert latest["texts"][0]["text"] == "Air Mode"
    assert latest["alarms"] == []
    for key in ("now",):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", latest[key])
    for part in ("measured", "alarms_seen", "settings_seen", "texts_seen"):
        assert latest[part]["at"].endswith("Z")


def test_readings_by_name_time_and_limit(ward: Ward, site: Site):
    for index, ago in enumerate((30_000, 20_000, 10_000)):
        ward.usual("bed-1", air=b"33.%d" % index, ago=ago)
    path = "/api/v1/gateways/bed-1/readings?name=air_temperature"
    assert [row["value"] for row in site.json(path)["readings"]] == [33.0, 33.1, 33.2]
    assert [row["value"] for row in site.json(path + "&limit=1")["readings"]] == [33.2]
    middle = site.json(path)["readings"][1]["at"]
    assert [row["value"] for row in site.json(f"{path}&from={middle}")["readings"]] == [33.1, 33.2]
    assert [row["value"] for row in site.json(f"{path}&to={middle}")["readings"]] == [33.0]


def test_history_is_summed_up_for_a_chart(ward: Ward, site: Site):
    for index, ago in enumerate((7_200_000, 20_000, 10_000)):
        ward.usual("bed-1", air=b"33.%d" % index, ago=ago)
    path = "/api/v1/gateways/bed-1/history?name=air_temperature&name=none"
    found = site.json(path)
    assert found["step_ms"] == 120_000
    air = found["signals"]["air_temperature"]
    assert air["unit"] == "Cel" and sum(air["count"]) == 3
    assert (min(air["min"]), max(air["max"])) == (33.0, 33.2)
    assert len(air["t"]) == len(air["mean"]) and all(t % 120_000 == 0 for t in air["t"])
    columns = {"t": [], "count": [], "min": [], "mean": [], "max": []}
    assert found["signals"]["none"] == {"unit": None, **columns}
    stamp = site.json("/api/v1/gateways/bed-1/readings?name=air_temperature")["readings"][0]["at"]
    since = f"{path}&from={stamp}&to={stamp[:-5]}.999Z&points=1000"
    raw = site.json(since)
    assert raw["step_ms"] == 0
    assert raw["signals"]["air_temperature"]["mean"] == [33.0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "'name'"),
        ("?name=", "at least 1 character"),
        ("?name=a&from=2026-11-23&to=2026-11-23", "'from' must be before 'to'"),
        ("?name=a&points=0", "from 1 to 2000"),
        ("?name=a&from=x", "is not a time"),
        ("?name=a&limit=5", "unknown parameter"),
    ],
)
def test_history_says_what_is_wrong_with_a_question(ward: Ward, site: Site, query, words):
    ward.usual("bed-1")
    answer, body = site.request(f"/api/v1/gateways/bed-1/history{query}")
    assert answer.status == 400
    assert words in json.loads(body)["detail"]


def test_alarms_and_gaps(ward: Ward, site: Site):
    ward.feed("bed-1", (0x27, b"C43O2 SENS ERR "), ago=9000)
    ward.feed("bed-1", (0x27, b""), ago=8000)
    ward.seq["bed-1"] += 5
    ward.feed("bed-1", (0x27, b"C43O2 SENS ERR "), ago=2000)
    episodes = site.json("/api/v1/gateways/bed-1/alarms")["alarms"]
    assert [episode["ended_at"] is None for episode in episodes] == [True, False]
    assert episodes[0]["phrase"] == "O2 SENS ERR"
    assert len(site.json("/api/v1/gateways/bed-1/alarms?limit=1")["alarms"]) == 1
    (gap,) = site.json("/api/v1/gateways/bed-1/gaps")["gaps"]
    assert (gap["boot"], gap["first"], gap["last"]) == (1, 3, 7)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/gateways/nobody/latest", 404, "no gateway 'nobody' has been seen"),
        ("/api/v1/gateways/nobody/readings", 404, "nobody"),
        ("/api/v1/gateways/bed-1/readings?from=yesterday", 400, "'from' is not a time"),
        ("/api/v1/gateways/bed-1/readings?to=0000-00-00", 400, "'to' is not a time"),
        ("/api/v1/gateways/bed-1/readings?from=0001-01-01T00:00:00%2B23:00", 200, ""),
        ("/api/v1/gateways/bed-1/readings?limit=0", 400, "'limit'"),
        ("/api/v1/gateways/bed-1/readings?limit=99999", 400, "'limit'"),
        ("/api/v1/gateways/bed-1/readings?limit=1e3", 400, "'limit'"),
        ("/api/v1/gateways/bed-1/readings?limit=%D9%A3", 400, "'limit'"),
        ("/api/v1/gateways/bed-1/readings?form=2026-01-01", 400, "unknown parameter 'form'"),
        ("/api/v1/gateways/bed-1/readings?limit=1&limit=2", 400, "more than once"),
        ("/api/v1/gateways/bed-1/readings?name=", 400, "'name'"),
        ("/api/v1/gateways/bed-1/other", 404, "nothing is here"),
        ("/static/../server.py", 404, "nothing is here"),
        ("/static/%2e%2e/server.py", 404, "nothing is here"),
    ],
)
def test_errors_are_problem_details(ward: Ward, site: Site, path: str, status: int, words: str):
    ward.usual("bed-1")
    answer, body = site.request(path)
    assert answer.status == status
    if status == 200:
        return
    assert answer.headers["content-type"] == "application/problem+json"
    said = json.loads(body)
    assert said["status"] == status
    assert words in said["detail"] and "\n" not in said["detail"]


def test_other_methods_are_refused(site: Site):
    answer, body = site.request("/api/v1/gateways", "POST")
    assert answer.status == 405
    assert json.loads(body)["detail"] == "POST is not allowed here"
    answer, body = site.request("/api/v1/stream", "HEAD")
    assert (answer.status, body) == (200, b"")


def test_every_answer_is_armoured(site: Site):
    for path in PATHS:
        answer, _ = site.request(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, path
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_the_page_has_nothing_inline_and_nothing_foreign():
    static = Path(__file__).parents[2] / "src/neonat/web/static"
    page = (static / "index.html").read_text()
    assert not re.search(r"<style|style=|\son[a-z]+=|<script(?![^>]*src=)", page)
    for file in static.iterdir():
        links = re.findall(r"https?://[^\s\"')]+", file.read_text())
        assert all(link.startswith("http://www.w3.org/") for link in links), (file, links)


def test_files_are_sent_once(site: Site):
    answer, body = site.request("/static/page.css")
    assert body and answer.headers["content-type"].startswith("text/css")
    again, nothing = site.request(
        "/static/page.css", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status, nothing) == (304, b"")


def test_files_are_packed_for_who_takes_them_so(site: Site):
    plain, body = site.request("/static/page.js")
    packed, less = site.request("/static/page.js", headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip" and packed.headers["vary"]
    assert gzip.decompress(less) == body and len(less) < len(body) / 2


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:99", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8080", 200),
        ("rebound.example", 421),
        ("localhost.evil.example:80", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:127.0.0.1", 421),
        ("[evil", 421),
        ("192.168.1.7", 421),
    ],
)
def test_names_that_point_here_from_elsewhere_are_refused(site: Site, host: str, status: int):
    assert site.request("/api/v1/gateways", headers={"Host": host})[0].status == status


def test_other_sites_may_not_read(site: Site):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert site.request("/api/v1/gateways", headers=headers)[0].status == 403
    assert site.request("/", headers=headers)[0].status == 200


def test_loopback_names():
    for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", " LocalHost "):
        assert is_loopback(host), host
    for host in (
        "0.0.0.0",
        "::",
        "",
        "10.0.0.1",
        "localhost.",
        "example.org",
        "[::1",
        "127.0.0.1:80",
    ):
        assert not is_loopback(host), host
    assert host_of("[::1]:80") == "[::1]"


def test_metrics_are_well_formed(ward: Ward, site: Site):
    ward.usual("bed-1")
    answer, body = site.request("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = body.decode()
    sample = re.compile(r'[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"\})? -?[0-9.e+-]+')
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line), line
    assert text.count("# TYPE") == len(set(re.findall(r"# TYPE (\S+)", text)))
    assert "neonat_up 1\n" in text
    assert 'neonat_ingest_refused_total{reason="odd\\"one\\\\\\n"} 3' in text
    assert 'neonat_gateway_online{gateway="bed-1"}' in text


def raw_request(port: int, data: bytes) -> bytes:
    """The start of the answer to bytes that need not be HTTP."""
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.settimeout(10)
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        try:
            return line.recv(100)
        except ConnectionResetError:
            return b""


ODD = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["\x00", "'; DROP TABLE frame;--", "../../etc/passwd", "%", "9" * 400, "🐣"]),
)
TIMES = st.one_of(ODD, st.datetimes().map(str), st.datetimes().map(lambda t: t.isoformat() + "Z"))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    gateway=st.one_of(ODD, st.just("bed-1")),
    what=st.sampled_from(["latest", "readings", "alarms", "gaps"]),
    pairs=st.lists(
        st.tuples(st.sampled_from(["name", "from", "to", "limit", "x"]), st.one_of(ODD, TIMES)),
        max_size=3,
    ),
)
def test_no_request_makes_the_server_fail(odd_site: Site, gateway: str, what: str, pairs: list):
    from urllib.parse import quote, urlencode

    safe = quote(gateway, safe="", errors="replace")
    query = urlencode([(k, v.encode("utf-8", "replace")) for k, v in pairs])
    answer, body = odd_site.request(f"/api/v1/gateways/{safe}/{what}?{query}")
    assert answer.status in (200, 400, 404), body
    json.loads(body)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.binary(max_size=60),
    header=st.binary(max_size=60),
    last=st.one_of(st.binary(max_size=30), st.integers().map(lambda n: b"%d" % n)),
)
def test_no_bytes_make_the_server_fail(odd_site: Site, path: bytes, header: bytes, last: bytes):
    request = (
        b"GET /" + path + b" HTTP/1.1\r\nHost: localhost\r\nX: " + header
        + b"\r\nLast-Event-ID: " + last + b"\r\nConnection: close\r\n\r\n"
    )  # fmt: skip
    answer = raw_request(odd_site.port, request)
    assert not answer.startswith(b"HTTP/1.1 5"), answer


@pytest.fixture
def odd_site(ward: Ward, site: Site) -> Site:
    ward.usual("bed-1")
    return site


@pytest.mark.parametrize("error", [StoreError("no"), ValueError("odd"), KeyError(1), OSError(5)])
def test_whatever_the_store_raises_is_unavailable(error: Exception):
    opened = []

    class Broken:
        def check(self) -> None:
            raise error

        def close(self) -> None:
            raise RuntimeError("twice broken")

    def opener(url: str, create: bool) -> Broken:
        opened.append((url, create))
        return Broken()

    source = Source("sqlite:///x", opener)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            source.ask(lambda store: store.check())
    assert opened == [("sqlite:///x", False)] * 3


def test_a_database_that_cannot_be_opened_is_not_tried_in_a_tight_loop():
    opened = []

    def opener(url: str, create: bool) -> None:
        opened.append(url)
        raise StoreError("no such file")

    source = Source("sqlite:///x", opener)
    for _ in range(3):
        with pytest.raises(UnavailableError, match="no such file"):
            source.ask(lambda store: store.check())
    assert len(opened) == 1


def test_json_is_json_whatever_is_in_it():
    said = {"a": float("nan"), "b": [float("inf"), 1.5], "c": "\ud800", "d": "\u2028"}
    assert json.loads(to_json(said)) == {"a": None, "b": [None, 1.5], "c": "?", "d": "\u2028"}


def test_a_port_in_use_is_one_clear_line(site: Site, ward: Ward):
    with pytest.raises(ServeError, match=rf"cannot listen on 127.0.0.1:{site.port}: .*--http"):
        serve(Options(ward.url), "127.0.0.1", site.port, site.stop_event)
    with pytest.raises(ServeError, match=r"cannot listen on nowhere\.invalid:0"):
        serve(Options(ward.url), "nowhere.invalid", 0, site.stop_event)


def test_lists_of_a_gateway_come_in_pages(ward: Ward, site: Site):
    """Pages of any size, joined, are the whole list: nothing twice, nothing left out."""
    ward.seq["g"] = 0
    for ago in range(40, 0, -1):
        ward.seq["g"] += ago % 3 == 0
        ward.feed("g", (0x24, MEASURED), ago=ago * 1000)
        ward.feed(
            "g", (0x27, b"C43O2 SENS ERR L30AIR TEMP HI " if ago % 4 else b""), ago=ago * 1000
        )
    for what, key in (("readings", "readings"), ("alarms", "alarms"), ("gaps", "gaps")):
        path = f"/api/v1/gateways/g/{what}"
        whole = site.json(path)
        assert whole["next"] is None
        assert len(whole[key]) > 7
        for limit in (1, 3, 7):
            found, cursor = [], ""
            while cursor is not None:
                answer = site.json(f"{path}?limit={limit}{cursor and '&cursor=' + cursor}")
                page, cursor = answer[key], answer["next"]
                assert len(page) == limit or cursor is None
                found = [*page, *found] if what == "readings" else [*found, *page]
            assert found == whole[key]
        assert site.request(f"{path}?cursor=nonsense")[0].status == 400
