import { expect, test } from "vitest";
import { align, csv, gapLength, type HistoryAnswer, summary, valueAt } from "../src/history/data";
import { covers, DAY, HOUR, LONGEST, MINUTE, moved, nights, scaled, SECOND, SHORTEST, wanted } from "../src/history/view";

const T0 = Date.UTC(2026, 10, 23, 8);

function answer(times: number[], values: (number | null)[] = times.map((_, i) => 30 + i)): HistoryAnswer {
  const column = (by: number) => values.map((value) => (value === null ? null : value + by));
  return {
    step_ms: MINUTE,
    signals: { air_temperature: { unit: "Cel", t: times, count: times.map(() => 6), min: column(-1), mean: column(0), max: column(1) } },
  };
}

test("a gap is a row without values, so that no line crosses it", () => {
  const times = [0, 1, 2, 30, 31].map((minute) => T0 + minute * MINUTE);
  const columns = align(answer(times));
  const air = columns.signals.get("air_temperature")!;
  expect(columns.t).toHaveLength(6);
  expect(air.mean).toEqual([30, 31, 32, null, 33, 34]);
  expect(columns.t[3]).toBeGreaterThan(times[2]!);
  expect(columns.t[3]).toBeLessThan(times[3]!);
});

test("what comes rarely has no gap between what comes", () => {
  const rare = [0, 10, 20, 30].map((minute) => T0 + minute * MINUTE);
  expect(gapLength(rare, MINUTE)).toBe(25 * MINUTE);
  expect(align(answer(rare)).t).toHaveLength(4);
});

test("signals of different times share one axis, shifted for a comparison", () => {
  const both = answer([T0, T0 + MINUTE]);
  both.signals.light_level = { unit: "lx", t: [T0 + MINUTE, T0 + 2 * MINUTE], count: [1, 1], min: [1, 2], mean: [1, 2], max: [1, 2] };
  const columns = align(both, DAY);
  expect(columns.t).toEqual([0, 1, 2].map((minute) => T0 + DAY + minute * MINUTE));
  expect(columns.signals.get("air_temperature")!.mean).toEqual([30, 31, null]);
  expect(columns.signals.get("light_level")!.mean).toEqual([null, 1, 2]);
});

test("extremes and mean are those of what is seen, weighted by how many values a bin has", () => {
  const one = answer([T0, T0 + MINUTE, T0 + 2 * MINUTE], [30, 31, 40]);
  one.signals.air_temperature!.count = [1, 3, 99];
  const columns = align(one);
  expect(summary(columns, "air_temperature", { from: T0, to: T0 + MINUTE })).toEqual({ min: 29, mean: 30.75, max: 32, count: 4 });
  expect(summary(columns, "air_temperature", { from: T0 + DAY, to: T0 + 2 * DAY })).toBeNull();
  expect(summary(columns, "nothing", { from: 0, to: 1 })).toBeNull();
});

test("the cursor reads the nearest value, and nothing in a gap", () => {
  const columns = align(answer([0, 1, 2, 30, 31].map((minute) => T0 + minute * MINUTE)));
  expect(valueAt(columns, "air_temperature", T0 + 1.2 * MINUTE)).toBe(31);
  expect(valueAt(columns, "air_temperature", T0 + 16 * MINUTE)).toBeNull();
  expect(valueAt(columns, "air_temperature", T0 - DAY)).toBeNull();
});

test("CSV has what is seen, in UTC, with points", () => {
  const columns = align(answer([T0, T0 + MINUTE, T0 + DAY]));
  const text = csv(columns, ["air_temperature", "absent"], { from: T0, to: T0 + HOUR });
  expect(text).toBe(
    "at,air_temperature_mean,air_temperature_min,air_temperature_max,air_temperature_count\r\n" +
      "2026-11-23T08:00:00.000Z,30,29,31,6\r\n2026-11-23T08:01:00.000Z,31,30,32,6\r\n",
  );
});

test("zoom keeps the time under the finger, within bounds", () => {
  const view = { from: T0, to: T0 + HOUR };
  const at = T0 + HOUR / 4;
  const nearer = scaled(view, 0.5, at);
  expect((at - nearer.from) / (nearer.to - nearer.from)).toBeCloseTo(0.25);
  expect(nearer.to - nearer.from).toBe(HOUR / 2);
  const least = scaled(view, 1e-9, at);
  expect(least.to - least.from).toBeCloseTo(SHORTEST);
  const most = scaled(view, 1e9, at);
  expect(most.to - most.from).toBeCloseTo(LONGEST);
  expect(moved(view, SECOND)).toEqual({ from: T0 + SECOND, to: T0 + HOUR + SECOND });
});

test("small moves need no loading, large ones and deep zooms do", () => {
  const now = T0 + 100 * DAY;
  const view = { from: T0, to: T0 + HOUR };
  const loaded = wanted(view, now);
  expect(covers(loaded, view, now)).toBe(true);
  expect(covers(loaded, moved(view, HOUR / 2), now)).toBe(true);
  expect(covers(loaded, moved(view, HOUR), now)).toBe(false);
  expect(covers(loaded, scaled(view, 0.3, T0), now)).toBe(false);
});

test("nights are those that a span touches, none over months", () => {
  const found = nights({ from: T0, to: T0 + 2 * DAY });
  expect(found.length).toBeGreaterThanOrEqual(2);
  for (const night of found) {
    expect(new Date(night.from).getHours()).toBe(20);
    expect(new Date(night.to).getHours()).toBe(7);
  }
  expect(nights({ from: T0, to: T0 + 100 * DAY })).toEqual([]);
});
