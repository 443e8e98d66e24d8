// Fetching history: one answer a view and incubator, the last ones kept, late ones let go.

import { ask, stamp } from "../api";
import { ms } from "../facts";
import { align, type Columns, type GapSpan, type HistoryAnswer, type HistoryEvent, type Span } from "./data";

const KEPT = 16;
const POINTS_MAX = 2000;
const EVENTS_MAX = 2000;

export interface Gap extends Span {
  reason: string;
}

export interface Event extends Omit<HistoryEvent, "at" | "until"> {
  from: number;
  to: number | null;
}

/** All that is drawn of one incubator in one stretch of time. */
export interface Loaded {
  span: Span;
  columns: Columns;
  events: Event[];
  gaps: Gap[];
}

export interface Wish {
  gateway: string;
  names: readonly string[];
  span: Span;
  points: number;
  /** Added to every time that comes, for the comparison of two times. */
  shift: number;
}

const kept = new Map<string, Loaded>();

function keyOf({ gateway, names, span, points, shift }: Wish): string {
  return [gateway, names.join(), span.from, span.to, points, shift].join(" ");
}

/** What was loaded before for the same wish. */
export function remembered(wish: Wish): Loaded | undefined {
  const key = keyOf(wish);
  const found = kept.get(key);
  if (found) {
    kept.delete(key);
    kept.set(key, found);
  }
  return found;
}

export async function load(wish: Wish, now: number, signal: AbortSignal): Promise<Loaded> {
  const { gateway, names, span, shift } = wish;
  const of = `/gateways/${encodeURIComponent(gateway)}`;
  const time = { from: stamp(span.from - shift), to: stamp(span.to - shift) };
  const points = Math.min(POINTS_MAX, wish.points);
  const least = Math.max(10, Math.round((span.to - span.from) / points / 1000));
  const [history, events, gaps] = await Promise.all([
    askHistory(`${of}/history`, names, { ...time, points }, signal),
    ask<{ events: HistoryEvent[] }>(`${of}/events`, { query: { ...time, limit: EVENTS_MAX }, signal }),
    ask<{ spans: GapSpan[] }>(`${of}/gaps/spans`, { query: { ...time, at_least: least }, signal }),
  ]);
  const loaded: Loaded = {
    span,
    columns: align(history, shift),
    events: events.events.map(({ at, until, ...rest }) => ({ ...rest, from: (ms(at) ?? 0) + shift, to: shifted(until, shift) })),
    gaps: gaps.spans.map((gap) => ({ from: (ms(gap.from) ?? 0) + shift, to: shifted(gap.until, shift) ?? now, reason: gap.reason })),
  };
  // What reaches into the present grows, so it is asked again.
  if (span.to - shift < now) remember(wish, loaded);
  return loaded;
}

function askHistory(path: string, names: readonly string[], query: Record<string, string | number>, signal: AbortSignal) {
  const asked = new URLSearchParams(names.map((name) => ["name", name]));
  return ask<HistoryAnswer>(`${path}?${asked.toString()}&${new URLSearchParams(query as Record<string, string>).toString()}`, { signal });
}

function shifted(text: string | null, shift: number): number | null {
  const time = ms(text);
  return time === null ? null : time + shift;
}

function remember(wish: Wish, loaded: Loaded): void {
  kept.set(keyOf(wish), loaded);
  for (const key of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(key);
  }
}
