// What is painted on a plot besides its lines: nights, gaps, alarms, limits, set points, the mark.

import type uPlot from "uplot";
import type { Level } from "../alarm";
import { words } from "../words/language";
import type { Span } from "./data";
import type { Loaded } from "./load";
import type { Panel } from "./panels";
import { nights } from "./view";

export interface Limit {
  name: string;
  low: number | null;
  high: number | null;
}

/** What all plots share. */
export interface Scene {
  main: Loaded | null;
  other: Loaded | null;
  /** What the lanes are made for: events outside of it get none. */
  seen: Span;
  limits: readonly Limit[];
  /** Where the reader measures from, UTC ms. */
  mark: number | null;
}

/** An alarm is shaded behind the lines where it is so wide. */
const ALARM_PX = 2;

const style = { of: {} as Record<string, string>, hatch: null as CanvasPattern | null };

/** Take the colours in force from the style sheet; after a change of appearance again. */
export function takeColours(): void {
  style.of = {};
  style.hatch = null;
}

export function colour(name: string): string {
  return (style.of[name] ??= getComputedStyle(document.documentElement).getPropertyValue(name).trim());
}

/** A colour made fainter; `share` from 0 to 1. */
export function faint(name: string, share: number): string {
  const hex = colour(name);
  return `${hex}${Math.round(share * 255)
    .toString(16)
    .padStart(2, "0")}`;
}

function hatch(context: CanvasRenderingContext2D): CanvasPattern | string {
  if (style.hatch) return style.hatch;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  if (!pen) return faint("--edge", 0.2);
  pen.strokeStyle = faint("--edge", 0.55);
  pen.lineWidth = 1;
  pen.beginPath();
  for (const at of [-8, 0, 8]) {
    pen.moveTo(at, 8);
    pen.lineTo(at + 8, 0);
  }
  pen.stroke();
  style.hatch = context.createPattern(tile, "repeat");
  return style.hatch ?? faint("--edge", 0.2);
}

/** Left and width of a stretch of time on the canvas, cut to the plot; null outside of it. */
export function stretch(u: uPlot, from: number, to: number): [number, number] | null {
  const { min = 0, max = 0 } = u.scales.x ?? {};
  if (to < min || from > max) return null;
  const left = u.valToPos(Math.max(from, min), "x", true);
  const right = u.valToPos(Math.min(to, max), "x", true);
  return [left, Math.max(right - left, 1)];
}

export function clipped(u: uPlot, draw: (context: CanvasRenderingContext2D) => void): void {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  draw(u.ctx);
  u.ctx.restore();
}

/** What lies behind the lines. */
export function paintGround(u: uPlot, panel: Panel, scene: Scene): void {
  clipped(u, (context) => {
    const { top, height } = u.bbox;
    const { min = 0, max = 0 } = u.scales.x ?? {};
    const fill = (from: number, to: number, paint: string | CanvasPattern) => {
      const place = stretch(u, from, to);
      if (!place) return;
      context.fillStyle = paint;
      context.fillRect(place[0], top, place[1], height);
    };
    if (panel.nights) {
      for (const night of nights({ from: min, to: max })) fill(night.from, night.to, colour("--night"));
    }
    const now = scene.main?.span.to ?? 0;
    // Narrower ones would only be a haze: the lane of alarms has them.
    const least = ((max - min) / u.bbox.width) * ALARM_PX * devicePixelRatio;
    for (const event of scene.main?.events ?? []) {
      const to = event.to ?? now;
      if (event.kind === "alarm" && to - event.from >= least) fill(event.from, to, faint(levelColour(event.level), 0.16));
    }
    for (const gap of scene.main?.gaps ?? []) fill(gap.from, gap.to, hatch(context));
    paintLimits(u, context, panel, scene);
    paintSettings(u, context, panel, scene);
  });
}

export function levelColour(level: string | null): string {
  const known: Record<Level, string> = { high: "--high", medium: "--medium", low: "--low", unknown: "--edge" };
  return known[(level ?? "unknown") as Level] ?? "--edge";
}

function paintLimits(u: uPlot, context: CanvasRenderingContext2D, panel: Panel, scene: Scene): void {
  const { left, top, width, height } = u.bbox;
  for (const trace of panel.traces) {
    const limit = scene.limits.find((one) => one.name === trace.name);
    if (!limit) continue;
    const scale = trace.right ? "r" : "y";
    context.fillStyle = faint(trace.colour, 0.09);
    context.strokeStyle = faint(trace.colour, 0.8);
    context.setLineDash([2, 4]);
    for (const [value, above] of [[limit.high, true], [limit.low, false]] as const) {
      if (value === null) continue;
      const at = u.valToPos(value, scale, true);
      if (above) context.fillRect(left, top, width, at - top);
      else context.fillRect(left, at, width, top + height - at);
      line(context, left, at, left + width, at);
    }
    context.setLineDash([]);
  }
}

function paintSettings(u: uPlot, context: CanvasRenderingContext2D, panel: Panel, scene: Scene): void {
  context.lineWidth = 1.5 * devicePixelRatio;
  context.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const trace of panel.traces) {
    if (!trace.setting) continue;
    context.strokeStyle = faint(trace.colour, 0.75);
    for (const event of scene.main?.events ?? []) {
      if (event.kind !== "setting" || event.value === null || plain(event.name) !== trace.setting) continue;
      const place = stretch(u, event.from, event.to ?? Number.MAX_SAFE_INTEGER);
      if (!place) continue;
      const at = u.valToPos(event.value, trace.right ? "r" : "y", true);
      line(context, place[0], at, place[0] + place[1], at);
    }
  }
  context.setLineDash([]);
}

export const plain = (name: string | null) => (name ?? "").replace(/_setting$/, "");

function line(context: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/** What lies on top: reasons of gaps where there is room, and the mark. */
export function paintTop(u: uPlot, panel: Panel, scene: Scene): void {
  clipped(u, (context) => {
    if (panel.key === "temperatures") paintReasons(u, context, scene);
    if (scene.mark === null) return;
    const place = stretch(u, scene.mark, scene.mark);
    if (!place) return;
    context.setLineDash([]);
    context.strokeStyle = colour("--accent");
    context.lineWidth = 2 * devicePixelRatio;
    line(context, place[0], u.bbox.top, place[0], u.bbox.top + u.bbox.height);
  });
}

/** The reason of each gap: along it, upright where it is narrow, not at all where there is no room. */
function paintReasons(u: uPlot, context: CanvasRenderingContext2D, scene: Scene): void {
  const w = words().history;
  const ratio = devicePixelRatio;
  context.font = `${12 * ratio}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const gap of scene.main?.gaps ?? []) {
    const place = stretch(u, gap.from, gap.to);
    if (!place || place[1] < 18 * ratio) continue;
    const text = w.reasons[gap.reason] ?? gap.reason;
    const length = context.measureText(text).width + 10 * ratio;
    const upright = length > place[1];
    if (upright && length > u.bbox.height) continue;
    context.save();
    context.translate(place[0] + place[1] / 2, u.bbox.top + (upright ? u.bbox.height / 2 : 15 * ratio));
    if (upright) context.rotate(-Math.PI / 2);
    context.fillStyle = colour("--card");
    context.fillRect(-length / 2, -9 * ratio, length, 18 * ratio);
    context.fillStyle = colour("--soft");
    context.fillText(text, 0, 0);
    context.restore();
  }
}
