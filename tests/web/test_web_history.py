"""The history of one incubator in a real browser."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from neonat.store import Record
from web.browser import needs_chromium, until
from web.parts import MEASURED, Site, Ward, now_ms

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = needs_chromium

MINUTE = 60_000
HOUR = 60 * MINUTE


def lived(ward: Ward, gateway: str, air: int = 330) -> None:
    """Three hours with a value each 20 s: an hour of them was dropped, an alarm stood, a mode."""
    records: list[Record] = []
    ward.feed(gateway, (0x52, b"5700'Babyleo TN500'01.06:06.00"), ago=3 * HOUR + MINUTE)
    for ago in range(3 * HOUR, 0, -20_000):
        if HOUR < ago <= 2 * HOUR:
            ward.seq[gateway] += 1
            continue
        tenth = air + (ago // 20_000) % 5
        data = MEASURED.replace(b"6D33.3", b"6D%4.1f" % (tenth / 10))
        records += ward.records(gateway, (0x24, data), ago=ago)
    ward.store.write(records)
    ward.feed(gateway, (0x29, b"1A 32.5"), (0x2A, b"138Air Mode\x03"), ago=3 * HOUR)
    ward.feed(gateway, (0x27, b"L30AIR TEMP HI "), ago=40 * MINUTE)
    ward.feed(gateway, (0x27, b""), ago=30 * MINUTE)
    ward.usual(gateway)


def row(page: Any, name: str) -> Any:
    return page.locator(".summary tbody tr").filter(
        has=page.get_by_role("rowheader", name=name, exact=False)
    )


def legend(page: Any, panel: str = "temperatures") -> Any:
    return page.locator(f'.plot[data-panel="{panel}"] .legend')


@pytest.fixture
def history(ward: Ward, site: Site, page: Any) -> Any:
    """The page of bed-1 with six hours of history."""
    lived(ward, "bed-1")
    page.goto(f"{site.address}#/incubator/bed-1?last=21600")
    playwright.expect(row(page, "Air").locator("td").first).to_have_text("33.0")
    return page


def test_what_was_is_drawn_and_summed_up(history: Any):
    page = history
    expect = playwright.expect
    cells = row(page, "Air").locator("td")
    expect(cells.nth(2)).to_have_text("33.4")
    expect(legend(page)).to_contain_text("33.0 – 33.4")
    expect(legend(page, "surroundings")).to_contain_text("183 – 183")
    page.locator(".event-list summary").click()
    events = page.locator(".event-list tbody")
    expect(events).to_contain_text("AIR TEMP HI – Air temperature high")
    expect(events).to_contain_text("10 min 00 s")
    expect(events).to_contain_text("Air Mode")
    expect(events).to_contain_text("Air 32.5 °C")
    # Its gateway has not said yet what it still holds.
    expect(events.locator("tr").filter(has_text="No data").first).to_contain_text("1 h 00 min")
    inked = page.evaluate(
        """() => [...document.querySelectorAll('.plots canvas')].map((canvas) => {
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let inked = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i] > 128) inked++;
          return inked;
        })"""
    )
    assert len(inked) == 5 and min(inked) > 300


def test_a_gap_has_no_value_and_says_why(history: Any):
    page = history
    over = page.locator(".plots .u-over").first
    box = over.bounding_box()
    # Six hours end now: the lost one begins two hours ago.
    page.mouse.move(box["x"] + box["width"] * 4.5 / 6, box["y"] + 50)
    playwright.expect(legend(page).locator(".trace").first).to_contain_text("Air –")
    playwright.expect(legend(page)).to_contain_text("No data: ")
    page.mouse.move(box["x"] + box["width"] * 3.5 / 6, box["y"] + 50)
    playwright.expect(legend(page).locator(".trace").first).to_contain_text("Air 33.")


def test_measuring_moving_and_zooming_by_hand_and_by_keys(history: Any):
    page = history
    expect = playwright.expect
    box = page.locator(".plots .u-over").first.bounding_box()
    x, y = box["x"] + box["width"] * 5.2 / 6, box["y"] + 40
    page.mouse.click(x, y)
    page.mouse.move(x + 30, y)
    expect(legend(page)).to_contain_text("after the mark")
    expect(legend(page)).to_contain_text("Δ")
    page.locator(".plots").focus()
    page.keyboard.press("Escape")
    expect(legend(page)).not_to_contain_text("after the mark")
    assert "last=21600" in page.url
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Now")).to_have_attribute("aria-pressed", "false")
    until(page, lambda: "from=" in page.url, "the span in the address")
    before = page.url
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 200, y, steps=4)
    page.mouse.up()
    until(page, lambda: page.url != before, "another span")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.get_by_role("button", name="Now").click()
    until(page, lambda: "last=" in page.url, "the present")


def test_taking_out_what_is_seen(history: Any, tmp_path: Path):
    page = history
    with page.expect_download() as got:
        page.get_by_role("button", name="CSV").click()
    file = tmp_path / "seen.csv"
    got.value.save_as(file)
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(rows) > 30
    assert {33.0, 33.4} == {min(float(r["air_temperature_min"]) for r in rows),
                            max(float(r["air_temperature_max"]) for r in rows)}  # fmt: skip
    assert rows[0]["at"].endswith("Z") and got.value.suggested_filename.endswith(".csv")
    with page.expect_download() as got:
        page.get_by_role("button", name="Picture").click()
    got.value.save_as(file)
    assert file.read_bytes().startswith(b"\x89PNG") and file.stat().st_size > 10_000
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed++; }; }")
    page.get_by_role("button", name="Print").click()
    until(page, lambda: page.evaluate("window.printed") == 1, "printing")


def test_two_incubators_and_two_times_beside_each_other(history: Any, ward: Ward):
    page = history
    expect = playwright.expect
    lived(ward, "bed-2", air=350)
    choice = page.get_by_label("Compare with")
    expect(choice.locator("option", has_text="incubator bed-2")).to_have_count(1)
    choice.select_option(label="incubator bed-2")
    until(page, lambda: "with=bed-2" in page.url, "the comparison")
    box = page.locator(".plots .u-over").first.bounding_box()

    def compared() -> str:
        for share in (5.5, 5.4):
            page.mouse.move(box["x"] + box["width"] * share / 6, box["y"] + 50)
        return "".join(legend(page).locator(".other").all_inner_texts())

    until(page, lambda: "35." in compared(), "the other's value at the cursor")
    expect(page.locator(".on-paper")).to_have_text("dashed: bed-2")
    choice.select_option(label="the day before")
    until(page, lambda: "earlier=86400" in page.url, "the other comparison")


def test_a_view_in_the_address_is_shown_again(ward: Ward, site: Site, page: Any):
    lived(ward, "bed-1")
    start = now_ms() - 30 * MINUTE
    query = "&".join(f"{key}={stamp(at)}" for key, at in (("from", start), ("to", start + MINUTE)))
    page.goto(f"{site.address}#/incubator/bed-1?{query}&more=convective_heater_power")
    playwright.expect(row(page, "Heater").locator("td").first).to_have_text("4.0")
    now = page.get_by_role("button", name="Now")
    playwright.expect(now).to_have_attribute("aria-pressed", "false")


def stamp(ms: int) -> str:
    from neonat.web.query import stamp as text

    return (text(ms) or "").replace(":", "%3A")


def test_times_are_written_as_the_page_does_not_as_the_browser(history: Any):
    page = history
    wanted = datetime.now().astimezone().replace(microsecond=0, second=0) - timedelta(days=1)
    begin = page.locator(".times input[aria-label]").first
    begin.fill(f"{wanted:%d/%m/%Y %H:%M}")
    begin.press("Enter")
    until(page, lambda: f"from={wanted.astimezone(UTC):%Y-%m-%dT%H}" in page.url, "the begin")
    page.get_by_label("Language").select_option("fr")
    begin.fill("31/02/2026 08:30")
    begin.press("Tab")
    assert "Écrivez" in begin.evaluate("field => field.validationMessage")
    begin.press("Escape")
    playwright.expect(begin).to_have_value(f"{wanted:%d/%m/%Y %H:%M}")
    page.get_by_label("Langue").select_option("en")
