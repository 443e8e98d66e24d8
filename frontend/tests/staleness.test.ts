import { expect, test } from "vitest";
import type { Facts } from "../src/facts";
import { isStale, reasonFor } from "../src/live/staleness";

const NOW = Date.UTC(2026, 0, 1, 12);
const stamp = (ago: number) => new Date(NOW - ago).toISOString();
const around = { linked: true, serverOk: true, trouble: { code: "", words: "" } };

function facts(changes: Partial<Facts> = {}): Facts {
  return {
    gateway: "bed-1", online: true, device: null, state: { link: "up" }, at: stamp(60_000), received_at: stamp(60_000),
    readings: [], limits: [], settings: [], texts: [], alarms: [], measured: { at: stamp(60_000) }, ...changes,
  };
}

test("ten seconds make it stale; a gateway's clock that is ahead does not keep it fresh", () => {
  expect(isStale(facts({ measured: { at: stamp(9000) } }), NOW)).toBe(false);
  expect(isStale(facts({ measured: { at: stamp(11_000) } }), NOW)).toBe(true);
  expect(isStale(facts({ measured: { at: stamp(-3_600_000), received_at: stamp(11_000) } }), NOW)).toBe(true);
  expect(isStale(facts({ measured: null }), NOW)).toBe(true);
});

test("the reason is the first thing that is known to be wrong on the way from server to incubator", () => {
  const kind = (changes: Partial<Facts>, other = around) => reasonFor(facts(changes), other, NOW).kind;
  expect(kind({}, { ...around, linked: false })).toBe("no_server");
  expect(kind({}, { ...around, serverOk: false, trouble: { code: "", words: "disk full" } })).toBe("server");
  expect(kind({ online: false })).toBe("gateway_off");
  expect(kind({ state: { link: "connecting" } })).toBe("connecting");
  expect(kind({ state: { link: "down" } })).toBe("line_down");
  expect(kind({ state: { link: "up", spool: { records: 500 } } })).toBe("behind");
  expect(kind({ received_at: stamp(1000) })).toBe("no_measured");
  expect(kind({})).toBe("silent");
  expect(kind({ state: { spool: [] } })).toBe("unknown");
});
