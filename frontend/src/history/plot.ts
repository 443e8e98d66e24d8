// One plot of a panel: uPlot with our axes, bands, colours and painting.

import uPlot from "uplot";
import { date, type DateStyle, number, unit } from "../words/format";
import type { Columns, Span } from "./data";
import { colour, faint, paintGround, paintTop, type Scene } from "./paint";
import type { Panel, Trace } from "./panels";
import { DAY, HOUR, MINUTE } from "./view";

export const LEFT = 74;
export const RIGHT = 54;
export const SYNC = "history";

type Table = (number | null)[][];

/** The axis below writes so much, by how far its marks lie apart. */
function timeStyle(apart: number, time: number): DateStyle {
  if (apart >= 25 * DAY) return "month";
  if (apart >= DAY) return "day";
  const at = new Date(time);
  if (at.getHours() === 0 && at.getMinutes() === 0) return apart >= HOUR ? "weekday" : "day";
  return apart >= MINUTE ? "minute" : "clock";
}

export function timeAxis(shown: boolean): uPlot.Axis {
  return {
    stroke: () => colour("--soft"),
    grid: { stroke: () => faint("--edge", 0.25), width: 1 },
    ticks: { stroke: () => faint("--edge", 0.5), size: 4 },
    font: "12px system-ui, sans-serif",
    space: 78,
    size: shown ? 30 : 6,
    values: (_u, splits, _axis, _space, apart) => (shown ? splits.map((time) => date(time, timeStyle(apart, time))) : splits.map(() => "")),
  };
}

function valueAxis(traces: readonly Trace[], right: boolean): uPlot.Axis {
  return {
    scale: right ? "r" : "y",
    side: right ? 1 : 3,
    size: right ? RIGHT : LEFT,
    stroke: () => (traces.length === 1 ? colour(traces[0]!.colour) : colour("--soft")),
    grid: { show: !right, stroke: () => faint("--edge", 0.25), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
    gap: 4,
    space: 34,
    values: (_u, splits, _axis, _space, apart) => splits.map((value) => number(value, apart < 1 ? 1 : 0)),
  };
}

function range(least: number, fromZero: boolean): uPlot.Scale.Range {
  return (_u, low, high) => {
    if (low === null || high === null || !Number.isFinite(low)) return [0, least];
    const room = Math.max((high - low) * 0.08, least * 0.05);
    let from = fromZero ? Math.min(0, low) : low - room;
    let to = high + room;
    if (to - from < least) {
      const middle = (from + to) / 2;
      from = fromZero ? from : middle - least / 2;
      to = fromZero ? from + least : middle + least / 2;
    }
    return [from, to];
  };
}

const BAND = 0.18;

/** Mean, least and most of each trace, those of the comparison behind them. */
function seriesOf(panel: Panel): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const hidden = (scale: string): uPlot.Series => ({ scale, width: 0, stroke: "transparent", points: { show: false } });
  for (const trace of panel.traces) {
    const scale = trace.right ? "r" : "y";
    const place = series.length;
    series.push({ scale, width: 1.75, stroke: () => colour(trace.colour), points: { size: 4 } });
    series.push(hidden(scale), hidden(scale));
    bands.push({ series: [place + 2, place + 1], fill: () => faint(trace.colour, BAND) });
  }
  for (const trace of panel.traces) {
    series.push({ scale: trace.right ? "r" : "y", width: 1.5, dash: [5, 4], stroke: () => faint(trace.colour, 0.7), points: { show: false } });
  }
  return { series, bands };
}

/** The table of one panel: time, then by trace mean, least and most, then the comparison's means. */
export function tableOf(panel: Panel, main: Columns | null, other: Columns | null): Table {
  const t = main?.t ?? [];
  const none = () => new Array<null>(t.length).fill(null);
  const parts = panel.traces.flatMap((trace) => {
    const signal = main?.signals.get(trace.name);
    return signal ? [signal.mean, signal.min, signal.max] : [none(), none(), none()];
  });
  const table: Table = [t, ...parts];
  if (!other?.t.length) return [...table, ...panel.traces.map(none)];
  return joined(table, [other.t, ...panel.traces.map((trace) => other.signals.get(trace.name)?.mean ?? other.t.map(() => null))]);
}

/** Two tables over the union of their times; where one has no row, its lines go on. */
function joined(a: Table, b: Table): Table {
  const merged = uPlot.join([a as uPlot.AlignedData, b as uPlot.AlignedData], [a.map(() => 2), b.map(() => 2)] as uPlot.JoinNullMode[][]);
  return merged as unknown as Table;
}

export interface Making {
  panel: Panel;
  last: boolean;
  width: number;
  view: Span;
  scene: Scene;
  cursorAt: (time: number | null) => void;
}

export function makePlot(parent: HTMLElement, making: Making): uPlot {
  const { panel, last, width, view, scene, cursorAt } = making;
  const left = panel.traces.filter((trace) => !trace.right);
  const right = panel.traces.filter((trace) => trace.right);
  const { series, bands } = seriesOf(panel);
  const axes = [timeAxis(last), valueAxis(left, false)];
  if (right.length) axes.push(valueAxis(right, true));
  const options: uPlot.Options = {
    width,
    height: panel.height + (last ? 30 : 6),
    ms: 1,
    padding: [8, right.length ? 0 : RIGHT, 0, 0],
    legend: { show: false },
    cursor: cursorOf(),
    scales: {
      x: { time: true, auto: false, min: Math.round(view.from), max: Math.round(view.to) },
      y: { range: range(panel.least[0], panel.fromZero ?? false) },
      r: { range: range(panel.least[1], false) },
    },
    axes,
    series,
    bands,
    hooks: {
      drawClear: [(u) => paintGround(u, panel, scene)],
      draw: [(u) => paintTop(u, panel, scene)],
      setCursor: [(u) => cursorAt(timeUnder(u))],
    },
  };
  return new uPlot(options, tableOf(panel, null, null) as uPlot.AlignedData, parent);
}

export function cursorOf(): uPlot.Cursor {
  return {
    sync: { key: SYNC, setSeries: false, scales: ["x", null] },
    drag: { x: false, y: false, setScale: false },
    y: false,
    points: { size: 7 },
  };
}

export function timeUnder(u: uPlot): number | null {
  const { left } = u.cursor;
  return left === undefined || left < 0 ? null : u.posToVal(left, "x");
}

export const unitOf = (columns: Columns | null, name: string) => unit(columns?.signals.get(name)?.unit);
