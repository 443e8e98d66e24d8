"""The other pages in a real browser: alarm log, beds, gateways, people; languages; access."""

from pathlib import Path
from typing import Any

import pytest

from neonat.web.first import offer_link
from web.browser import needs_chromium, until, watched
from web.parts import Site, Ward
from web.test_web_access import PASSWORD, user

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = needs_chromium

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
PAGES = ["", "incubator/bed-1", "alarms", "beds", "gateways", "admin"]


def busy(ward: Ward) -> None:
    """Two incubators, one with alarms now and before."""
    ward.usual("bed-1")
    ward.state("bed-1")
    ward.feed("bed-2", (0x27, b"L30AIR TEMP HI "), ago=7_300_000)
    ward.feed("bed-2", (0x27, b""), ago=7_200_000)
    ward.feed("bed-2", (0x27, b"C43O2 SENS ERR 5B2CHECK WEAN  "), ago=600_000)
    ward.feed("bed-2", (0x27, b"C43O2 SENS ERR "), ago=540_000)
    ward.usual("bed-2")
    ward.feed("bed-2", (0x27, b"C43O2 SENS ERR "))


def test_the_alarm_log_is_filtered_counted_and_explained(ward: Ward, site: Site, page: Any):
    busy(ward)
    page.goto(f"{site.address}#/alarms")
    expect = playwright.expect
    rows = page.locator(".wide tbody tr")
    expect(rows).to_have_count(4)
    first = rows.filter(has_text="AIR TEMP HI")
    expect(first).to_contain_text("Air temperature high")
    expect(first).to_contain_text("1 min 40 s")
    expect(rows.filter(has_text="still stands")).to_have_count(1)
    page.get_by_role("group", name="Priority").get_by_role("button", name="Low").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("CHECK WEAN")
    page.get_by_role("group", name="Priority").get_by_role("button", name="High").click()
    expect(rows).to_have_count(2)
    page.get_by_label("Incubator", exact=True).select_option("bed-1")
    expect(page.get_by_text("No alarm in this time").first).to_be_visible()
    assert "priority=high%2Clow" in page.url and "gateway=bed-1" in page.url
    page.goto(f"{site.address}#/alarms?hours=168")
    expect(page.locator(".days tbody tr").last.locator("td").first).not_to_have_text("0")
    top = page.locator(".top-alarms li").first
    expect(top).to_contain_text("O2 SENS ERR")
    top.get_by_role("button").click()
    expect(page.locator(".wide tbody tr")).to_have_count(2)


def test_a_named_bed_is_a_tile_and_has_an_order(ward: Ward, site: Site, page: Any):
    busy(ward)
    page.goto(f"{site.address}#/beds")
    expect = playwright.expect
    expect(page.get_by_text("Not named")).to_have_count(2)
    page.locator("select[name=gateway]").select_option("bed-2")
    page.get_by_label("Bed", exact=True).fill("12")
    page.get_by_label("Room", exact=True).fill("A")
    page.get_by_label("Patient pseudonym").fill("P-17")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Not named")).to_have_count(1)
    ward.usual("bed-2")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "bed-2" in Path(download.value.path()).read_text(encoding="utf-8")
    page.get_by_role("link", name="Ward").click()
    tile = page.get_by_label("Incubator Bed 12", exact=True)
    expect(tile).to_contain_text("Room A · P-17 · Babyleo TN500")
    titles = page.locator(".tile h2")
    expect(titles).to_have_text(["bed-1", "Bed 12"])
    page.get_by_role("button", name="Arrange").click()
    page.get_by_role("button", name="Move Bed 12 forward").click()
    expect(titles).to_have_text(["Bed 12", "bed-1"])
    expect(page.get_by_text("Bed 12 is now number 1")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    until(page, lambda: site.json("/api/v1/layout")["order"][:1] == ["bed-2"], "the order kept")
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(titles).to_have_text(["Bed 12", "bed-1"])
    page.evaluate("localStorage.clear()")


def test_the_most_urgent_comes_first_when_asked(ward: Ward, site: Site, page: Any):
    busy(ward)
    page.goto(site.address)
    titles = page.locator(".tile h2")
    playwright.expect(titles).to_have_text(["bed-1", "bed-2"])
    page.get_by_role("button", name="By priority").click()
    playwright.expect(titles).to_have_text(["bed-2", "bed-1"])


def test_an_action_is_asked_twice_and_told(ward: Ward, site: Site, page: Any):
    busy(ward)
    page.goto(f"{site.address}#/gateways")
    card = page.get_by_label("Gateway bed-1")
    expect = playwright.expect
    expect(card).to_contain_text("Restarts today")
    card.get_by_text("Act on this gateway").click()
    card.get_by_role("button", name="Restart", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Restart: bed-1?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    card.get_by_role("button", name="Restart", exact=True).click()
    dialog.get_by_role("button", name="Restart").click()
    # This server was given no broker to ask through.
    expect(card.get_by_role("status")).to_contain_text("broker")
    card.get_by_label("Poll plan").fill("24=fast")
    card.get_by_role("button", name="Set plan").click()
    expect(card.get_by_role("status")).to_contain_text("24=1000")


def test_users_tokens_and_the_trail(ward: Ward, site: Site, browser: Any):
    """The first user ends the openness of a server on the loopback: they have to sign in."""
    ward.usual("bed-1")
    expect = playwright.expect
    with watched(browser.new_page(), "401") as page:
        page.goto(f"{site.address}#/admin")

        def section(title: str) -> Any:
            heading = page.get_by_role("heading", name=title, exact=True)
            return page.locator("section").filter(has=heading)

        users = section("Users")
        users.get_by_label("Name").fill("otto")
        users.get_by_label("Password").fill(PASSWORD)
        users.locator("form select").select_option("administer")
        users.get_by_role("button", name="Add").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("Name").fill("otto")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(users.get_by_role("rowheader", name="otto")).to_be_visible()
        tokens = section("API tokens")
        tokens.get_by_label("What it is for").fill("grafana")
        tokens.get_by_role("button", name="Add").click()
        expect(tokens.get_by_text("shown only once")).to_be_visible()
        token = tokens.locator("code").inner_text()
        answer, _ = site.request("/api/v1/ward", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200
        tokens.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(tokens.get_by_role("rowheader", name="grafana")).to_have_count(0)
        page.reload()
        trail = section("Audit trail")
        expect(trail.get_by_role("cell", name="otto").first).to_be_visible()
    browser.clear_cookies()


def test_signing_in_by_the_first_link_and_out_again(ward: Ward, page: Any):
    ward.health()
    busy(ward)
    link = offer_link(ward.url, "http://127.0.0.1:1/") or ""
    site = Site(ward.url, sign_in="always")
    expect = playwright.expect
    try:
        page.goto(site.address)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_text("one-time link")).to_be_visible()
        assert page.locator(".tile").count() == 0
        page.goto(f"{site.address}#{link.partition('#')[2]}")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Begin").click()
        expect(page.locator(".tile")).to_have_count(2)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.complaints.clear()
    finally:
        site.stop()


def test_a_role_sees_what_it_may(ward: Ward, browser: Any):
    ward.health()
    busy(ward)
    user(ward, "vera", "view")
    user(ward, "nil", None)
    site = Site(ward.url, sign_in="always")
    expect = playwright.expect
    try:
        with watched(browser.new_page(), "401", "403") as page:
            page.goto(f"{site.address}#/gateways")
            page.get_by_label("Name").fill("vera")
            page.get_by_label("Password").fill("not it at all")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_contain_text("wrong")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_label("Gateway bed-1")).to_be_visible()
            expect(page.get_by_text("Act on this gateway")).to_have_count(0)
            page.get_by_role("link", name="Admin").click()
            expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
            expect(page.get_by_role("heading", name="Users")).to_have_count(0)
            # A session that is over is noticed by a page that only listens.
            browser.clear_cookies()
            site.stop()
            site = Site(ward.url, site.port, sign_in="always")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            page.get_by_label("Name").fill("nil")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", name="No access yet")).to_be_visible()
            assert page.locator(".tile").count() == 0
    finally:
        browser.clear_cookies()
        site.stop()


def test_french_by_the_browser_and_english_by_the_switch(ward: Ward, site: Site, page: Any):
    busy(ward)
    page.add_init_script(
        "Object.defineProperty(navigator, 'languages', {get: () => ['fr-FR', 'en']});"
    )
    page.goto(site.address)
    expect = playwright.expect
    tile = page.get_by_label("Incubateur bed-1", exact=True)
    expect(tile).to_contain_text("33,3")
    expect(tile).to_contain_text("consigne 32,5")
    expect(tile).to_contain_text("Mode air")
    expect(page.get_by_text("Pour information, jamais pour l’alarme.")).to_be_visible()
    expect(page.get_by_label("Incubateur bed-2", exact=True)).to_contain_text(
        "Erreur du capteur d'oxygène"
    )
    assert page.evaluate("document.documentElement.lang") == "fr"
    page.get_by_role("link", name="Alarmes").click()
    expect(page.locator(".wide tbody tr").filter(has_text="AIR TEMP HI")).to_contain_text(
        "air élevée"
    )
    page.get_by_label("Langue").select_option("en")
    expect(page.get_by_role("link", name="Alarms")).to_be_visible()
    page.get_by_role("link", name="Ward").click()
    expect(page.get_by_label("Incubator bed-1", exact=True)).to_contain_text("33.3")
    page.reload()
    expect(page.get_by_label("Incubator bed-1", exact=True)).to_contain_text("33.3")
    page.evaluate("localStorage.clear()")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: scripts/setup test, with node")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_by_axe(ward: Ward, site: Site, page: Any, scheme: str):
    busy(ward)
    ward.usual("bed-3", ago=60_000)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(site.address)
    playwright.expect(page.locator(".tile")).to_have_count(3)
    page.evaluate(AXE.read_text())
    wrong = []
    for name in PAGES:
        page.evaluate("(name) => { location.hash = `#/${name}`; }", name)
        ready = {"": ".tile", "incubator/bed-1": ".summary tbody td", "gateways": ".gateway"}
        page.wait_for_selector(ready.get(name, ".panel table tbody tr"))
        found = page.evaluate(
            "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
        )
        for one in found["violations"]:
            nodes = [node["html"][:120] for node in one["nodes"][:3]]
            wrong.append(f"{name or 'ward'}: {one['id']}: {one['help']}: {nodes}")
    assert not wrong, "\n".join(wrong)


# What holds more than it shows, as a menu or a table that is cut off at the screen's edge.
CUT = """
[...document.querySelectorAll('nav, .panel, .wide, .segments, .bar')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => `${one.tagName} ${one.className}`)
"""


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_no_page_is_wider_than_the_screen(ward: Ward, site: Site, page: Any, width: int):
    busy(ward)
    page.set_viewport_size({"width": width, "height": 900})
    for name in PAGES:
        page.goto(f"{site.address}#/{name}")
        page.wait_for_selector(".tile, .panel")
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert not page.evaluate(CUT), name


def test_a_page_left_open_for_a_day_does_not_grow(ward: Ward, site: Site, page: Any):
    """A day by the browser's clock, compressed: ticks, the stream's news, history that follows."""
    ward.usual("bed-1")
    page.clock.install()
    page.goto(f"{site.address}#/incubator/bed-1?last=3600")
    page.wait_for_selector(".summary tbody td")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def hours(count: int) -> dict[str, float]:
        for _ in range(count * 6):
            ward.feed("bed-1", (0x24, b"6D33.3"))
            page.clock.fast_forward(600_000)
        session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in metrics}

    hours(4)
    before, after = hours(4), hours(16)
    for name, room in (("Nodes", 200), ("JSEventListeners", 20)):
        assert after[name] - before[name] < room, name
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < 1_000_000
