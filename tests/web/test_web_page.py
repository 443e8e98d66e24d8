"""The page in a real browser."""

from typing import Any

import pytest

from web.browser import needs_chromium
from web.parts import MEASURED, Site, Ward

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

HOSTILE = "<img onerror>"

pytestmark = needs_chromium


def tile(page: Any, gateway: str) -> Any:
    return page.get_by_label(f"Incubator {gateway}", exact=True)


def value(page: Any, gateway: str, label: str) -> Any:
    rows = tile(page, gateway).locator(".value")
    return rows.filter(has=page.get_by_text(label, exact=True)).locator(".number")


def test_values_come_by_themselves(ward: Ward, site: Site, page: Any):
    page.goto(site.address)
    expect = playwright.expect
    expect(page.get_by_role("heading", name="No gateway has been seen yet")).to_be_visible()
    expect(page.get_by_text("For information, never for alarming.")).to_have_count(1)
    expect(page.get_by_text("For information, never for alarming.")).to_be_visible()
    ward.usual("bed-1")
    ward.state("bed-1")
    expect(value(page, "bed-1", "Air")).to_have_text("33.3")
    expect(page.get_by_text("No gateway has been seen yet")).to_have_count(0)
    expect(value(page, "bed-1", "Skin, central")).to_have_text("31.6")
    expect(value(page, "bed-1", "Light")).to_have_text("183")
    expect(value(page, "bed-1", "Oxygen")).to_have_text("–")
    expect(tile(page, "bed-1")).to_contain_text("set 32.5")
    expect(tile(page, "bed-1")).to_contain_text("Air Mode")
    expect(tile(page, "bed-1")).to_contain_text("Babyleo TN500")
    expect(tile(page, "bed-1")).to_contain_text("No alarm reported")
    ward.usual("bed-1", air=b"34.1")
    expect(value(page, "bed-1", "Air")).to_have_text("34.1")
    page.get_by_role("link", name="Gateways").click()
    expect(page.get_by_label("Gateway bed-1")).to_contain_text("Up, 38400 8O1")


def test_alarms_by_priority_and_unknown_codes_raw(ward: Ward, site: Site, page: Any):
    ward.usual("bed-1")
    ward.feed("bed-1", (0x27, b"5B2CHECK WEAN  L30AIR TEMP HI C43O2 SENS ERR ~99MYSTERY     "))
    ward.feed("bed-1", (0x24, b"6D33.3A7  12"))
    page.goto(site.address)
    alarms = tile(page, "bed-1").locator(".alarm")
    playwright.expect(alarms).to_have_count(4)
    assert [alarms.nth(i).get_attribute("data-level") for i in range(4)] == [
        "high",
        "medium",
        "low",
        "unknown",
    ]
    assert alarms.nth(0).inner_text().split("\n") == [
        "!!!",
        "High",
        "AIR TEMP HI",
        "Air temperature high",
    ]
    assert "Priority “~”" in alarms.nth(3).inner_text()
    playwright.expect(page.locator("#tally .high")).to_have_text("!!! 1 high")
    tile(page, "bed-1").get_by_role("link").click()
    playwright.expect(value(page, "bed-1", "Unknown code 1:A7")).to_have_text("12")
    ward.feed("bed-1", (0x27, b""))
    playwright.expect(alarms).to_have_count(0)


def test_old_values_are_struck_and_say_why(ward: Ward, site: Site, page: Any):
    ward.usual("bed-1", ago=75_000)
    ward.state("bed-1", online=False)
    ward.usual("bed-2", ago=75_000)
    ward.state("bed-2", link="down")
    ward.usual("bed-3", ago=75_000)
    ward.state("bed-3")
    ward.usual("bed-4")
    ward.state("bed-4")
    page.goto(site.address)
    expect = playwright.expect
    expect(tile(page, "bed-1")).to_contain_text("gateway offline")
    expect(tile(page, "bed-2")).to_contain_text("serial line down")
    expect(tile(page, "bed-3")).to_contain_text("incubator silent")
    expect(tile(page, "bed-1").locator(".age")).to_contain_text("1 min")
    struck = "getComputedStyle(e).textDecorationLine"
    assert value(page, "bed-1", "Air").evaluate(f"e => {struck}") == "line-through"
    assert value(page, "bed-4", "Air").evaluate(f"e => {struck}") == "none"
    expect(tile(page, "bed-1")).to_contain_text("Alarms not known")
    expect(page.locator("#tally .stale")).to_have_text("3 not current")
    ward.usual("bed-1", air=b"32.9")
    expect(value(page, "bed-1", "Air")).to_have_text("32.9")
    expect(tile(page, "bed-1").locator(".stale-note")).to_have_count(0)


def test_a_gateway_clock_that_is_ahead_does_not_keep_values_fresh(
    ward: Ward, site: Site, page: Any
):
    hour = 3_600_000
    ward.feed("bed-1", (0x24, MEASURED), ago=75_000, ahead=hour)
    ward.feed("bed-1", (0x30, b""), ahead=hour)
    ward.state("bed-1")
    page.goto(site.address)
    playwright.expect(tile(page, "bed-1").locator(".age")).to_contain_text("1 min")
    playwright.expect(tile(page, "bed-1")).to_contain_text("incubator sends no measured data")


def test_age_counts_on_and_does_not_trust_the_browsers_clock(ward: Ward, site: Site, page: Any):
    page.add_init_script("const real = Date.now; Date.now = () => real() - 3600e3;")
    ward.usual("bed-1", ago=4000)
    page.goto(site.address)
    age = tile(page, "bed-1").locator(".age")
    playwright.expect(age).to_have_text("6 s ago")
    assert tile(page, "bed-1").get_attribute("data-stale") is None
    playwright.expect(tile(page, "bed-1").locator(".stale-note")).to_be_visible()
    playwright.expect(tile(page, "bed-1")).to_have_attribute("data-stale", "")


def test_texts_from_outside_stay_texts(ward: Ward, site: Site, page: Any):
    phrase = b"<img onerror" + b">"
    ward.feed(
        "bed-1",
        (0x52, b"5700'" + HOSTILE.encode() + b"'01.06:06.00"),
        (0x24, b"6D<b> ZZ<i>;"),
        (0x27, b"L30" + phrase[:12]),
        (0x2A, b"13" + bytes([0x30 + 13]) + HOSTILE.encode() + b"\x03"),
    )
    ward.state("bed-1", version=HOSTILE, line={"baud": HOSTILE, "parity": HOSTILE}, link=HOSTILE)
    page.goto(site.address)
    playwright.expect(tile(page, "bed-1").locator(".modes")).to_have_text(HOSTILE)
    playwright.expect(tile(page, "bed-1").locator(".alarm .phrase")).to_have_text("<img onerror")
    playwright.expect(value(page, "bed-1", "Air")).to_have_text("<b>")
    playwright.expect(tile(page, "bed-1")).to_contain_text(HOSTILE)
    tile(page, "bed-1").get_by_role("link").click()
    playwright.expect(value(page, "bed-1", "Unknown code 1:ZZ")).to_have_text("<i>;")
    page.get_by_role("link", name="Gateways").click()
    playwright.expect(page.get_by_label("Gateway bed-1").locator(".facts")).to_contain_text(HOSTILE)
    assert page.locator("main img, main b, main script").count() == 0


def test_states_of_any_shape_do_not_break_the_page(ward: Ward, site: Site, page: Any):
    for odd in ({"line": 7}, {"spool": []}, {"errors": None}, {"spool": {"records": "x"}},
                {"boot": {}}, {"uptime_s": "a"}, {"device": "x"}, {"heap_free": []}):  # fmt: skip
        ward.usual("bed-1")
        ward.state("bed-1", **odd)
    ward.usual("bed-2")
    page.goto(site.address)
    playwright.expect(value(page, "bed-2", "Air")).to_have_text("33.3")
    playwright.expect(value(page, "bed-1", "Air")).to_have_text("33.3")
    page.get_by_role("link", name="Gateways").click()
    playwright.expect(page.locator(".gateway")).to_have_count(2)


def test_a_lost_server_is_seen_and_found_again(ward: Ward, page: Any):
    ward.health()
    ward.usual("bed-1")
    site = Site(ward.url)
    page.goto(site.address)
    expect = playwright.expect
    expect(value(page, "bed-1", "Air")).to_have_text("33.3")
    expect(page.locator("#live-text")).to_have_text("Live")
    site.stop()
    expect(page.locator("#banner")).to_contain_text("No live data.")
    expect(page.locator("#live-text")).to_have_text("Not connected")
    again = Site(ward.url, site.port)
    try:
        ward.health()
        ward.usual("bed-1", air=b"30.5")
        expect(value(page, "bed-1", "Air")).to_have_text("30.5")
        expect(page.locator("#live-text")).to_have_text("Live")
    finally:
        again.stop()


def test_the_page_does_not_grow_with_events(ward: Ward, site: Site, page: Any):
    ward.usual("bed-1")
    page.goto(site.address)
    playwright.expect(value(page, "bed-1", "Air")).to_have_text("33.3")
    playwright.expect(page.locator("#tally")).to_have_text("1 incubator")
    count = "document.querySelectorAll('*').length"
    before = page.evaluate(count)
    page.evaluate("window.first = document.querySelector('.main .number')")
    for index in range(12):
        air = b"%4.1f" % (30 + index / 10)
        ward.usual("bed-1", air=air)
        playwright.expect(value(page, "bed-1", "Air")).to_have_text(air.decode())
    assert page.evaluate(count) == before
    assert page.evaluate("window.first.isConnected")


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_nothing_is_wider_than_the_screen(ward: Ward, site: Site, page: Any, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    ward.usual("a-very-long-gateway-name_32-chars")
    ward.feed("a-very-long-gateway-name_32-chars", (0x27, b"L30WWWWWWWWWWWW"))
    page.goto(site.address)
    playwright.expect(page.locator(".alarm")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_enough_contrast(ward: Ward, site: Site, page: Any, scheme: str):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    ward.usual("bed-1", ago=60_000)
    ward.usual("bed-2")
    ward.feed("bed-2", (0x27, b"5B2CHECK WEAN  L30AIR TEMP HI C43O2 SENS ERR ~99MYSTERY     "))
    page.goto(site.address)
    playwright.expect(page.locator(".alarm")).to_have_count(4)
    poor = page.evaluate(CONTRAST)
    assert poor == []


CONTRAST = """
() => {
  const parse = (text) => text.match(/[0-9.]+/g).map(Number);
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) =>
    0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || !node.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const what = node.className || node.tagName;
    if (ratio < 4.5) poor.push(`${what} ${node.textContent} ${ratio.toFixed(2)}`);
  }
  return poor;
}
"""
