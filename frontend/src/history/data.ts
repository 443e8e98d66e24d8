// What the server gives of a time, and how it becomes columns that a chart can draw.

export interface Signal {
  unit: string | null;
  t: number[];
  count: number[];
  min: (number | null)[];
  mean: (number | null)[];
  max: (number | null)[];
}

export interface HistoryAnswer {
  step_ms: number;
  signals: Record<string, Signal>;
}

export interface HistoryEvent {
  kind: "mode" | "setting" | "alarm" | "weight" | "assignment";
  at: string;
  until: string | null;
  name: string | null;
  text: string | null;
  code: string | null;
  level: string | null;
  value: number | null;
  unit: string | null;
  /** What an alarm's words stand for, in the language of the request. */
  explained?: string | null;
}

export interface GapSpan {
  from: string;
  until: string | null;
  reason: string;
}

export interface Span {
  from: number;
  to: number;
}

export type Column = (number | null)[];

/** Columns over one time axis, by signal. */
export interface Columns {
  t: number[];
  step: number;
  signals: Map<string, { unit: string | null; count: Column; min: Column; mean: Column; max: Column }>;
}

const GAP_MIN_MS = 10_000;
const GAP_STEPS = 2.5;

/** How long nothing may come before a line has to break, from how often something comes. */
export function gapLength(t: readonly number[], step: number): number {
  const spacing: number[] = [];
  for (let i = 1; i < t.length; i++) spacing.push(t[i]! - t[i - 1]!);
  spacing.sort((a, b) => a - b);
  const usual = spacing[spacing.length >> 1] ?? step;
  return Math.max(GAP_MIN_MS, GAP_STEPS * step, GAP_STEPS * usual);
}

/** All signals over the union of their times; a row without values stands in each gap. */
export function align(answer: HistoryAnswer, shift = 0): Columns {
  const all = Object.entries(answer.signals);
  const union = unionOf(all.map(([, signal]) => signal.t));
  const t = withBreaks(union, gapLength(union, answer.step_ms));
  const signals: Columns["signals"] = new Map();
  for (const [name, signal] of all) {
    const rows = rowsIn(signal.t, t);
    const pick = (values: readonly (number | null)[]) => rows.map((row) => (row < 0 ? null : (values[row] ?? null)));
    signals.set(name, {
      unit: signal.unit,
      count: pick(signal.count),
      min: pick(signal.min),
      mean: pick(signal.mean),
      max: pick(signal.max),
    });
  }
  return { t: shift ? t.map((time) => time + shift) : t, step: answer.step_ms, signals };
}

/** For each of `all` the place where `times` has it, -1 where it has not; both ascend. */
function rowsIn(times: readonly number[], all: readonly number[]): number[] {
  let next = 0;
  return all.map((time) => (times[next] === time ? next++ : -1));
}

function unionOf(lists: readonly (readonly number[])[]): number[] {
  const [first = [], ...rest] = lists;
  if (rest.every((list) => list.length === first.length && list.every((time, index) => time === first[index]))) return [...first];
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

function withBreaks(t: readonly number[], longest: number): number[] {
  const out: number[] = [];
  for (const time of t) {
    const last = out.at(-1);
    if (last !== undefined && time - last > longest) out.push((last + time) / 2);
    out.push(time);
  }
  return out;
}

export interface Summary {
  min: number;
  mean: number;
  max: number;
  count: number;
}

/** Extremes and mean of one signal in a span; null where it has no value there. */
export function summary(columns: Columns, name: string, span: Span): Summary | null {
  const signal = columns.signals.get(name);
  if (!signal) return null;
  const found: Summary = { min: Infinity, mean: 0, max: -Infinity, count: 0 };
  columns.t.forEach((time, index) => {
    const mean = signal.mean[index];
    if (time < span.from || time > span.to || mean === null || mean === undefined) return;
    const count = signal.count[index] || 1;
    found.min = Math.min(found.min, signal.min[index] ?? mean);
    found.max = Math.max(found.max, signal.max[index] ?? mean);
    found.mean += mean * count;
    found.count += count;
  });
  if (!found.count) return null;
  found.mean /= found.count;
  return found;
}

/** The mean of the bin at a time; null in a gap. */
export function valueAt(columns: Columns, name: string, time: number): number | null {
  const { t } = columns;
  const mean = columns.signals.get(name)?.mean;
  if (!mean || !t.length) return null;
  let low = 0;
  let high = t.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (t[middle]! <= time) low = middle;
    else high = middle - 1;
  }
  const next = low + 1 < t.length && Math.abs(t[low + 1]! - time) < Math.abs(t[low]! - time) ? low + 1 : low;
  if (mean[low] === null && next === low) return null;
  const near = mean[next] ?? null;
  return Math.abs(t[next]! - time) > gapLength(t.slice(Math.max(0, low - 20), low + 20), columns.step) ? null : near;
}

const CSV_DIGITS = 1000;
const cell = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(Math.round(value * CSV_DIGITS) / CSV_DIGITS));

/** What is seen, as RFC 4180 text: UTC, points as decimal signs, whatever the reader's language. */
export function csv(columns: Columns, names: readonly string[], span: Span): string {
  const kept = names.filter((name) => columns.signals.has(name));
  const head = ["at", ...kept.flatMap((name) => ["mean", "min", "max", "count"].map((part) => `${name}_${part}`))];
  const rows = [head.join(",")];
  columns.t.forEach((time, index) => {
    if (time < span.from || time > span.to) return;
    const values = kept.flatMap((name) => {
      const signal = columns.signals.get(name)!;
      return [signal.mean, signal.min, signal.max, signal.count].map((column) => cell(column[index]));
    });
    if (values.some(Boolean)) rows.push([new Date(time).toISOString(), ...values].join(","));
  });
  return `${rows.join("\r\n")}\r\n`;
}
