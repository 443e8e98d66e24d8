// The lanes of events below the plots, on the same time axis.

import uPlot from "uplot";
import { LEVELS, MARKS, type Level } from "../alarm";
import { field, unit } from "../words/format";
import { words } from "../words/language";
import { nameOf } from "../words/names";
import { modeOf } from "../words/phrases";
import type { Span } from "./data";
import type { Event } from "./load";
import { clipped, colour, faint, levelColour, plain, type Scene, stretch } from "./paint";
import { cursorOf, LEFT, RIGHT, timeAxis, timeUnder } from "./plot";

const LANE = 22;
const MODES_MAX = 6;
/** No text where there is less room. */
const LEAST_PX = 16;

interface Lane {
  label: string;
  draw: (u: uPlot, context: CanvasRenderingContext2D, top: number, height: number) => void;
}

/** The words of one event, as a lane, a list or a reader's voice has them. */
export function eventText(event: Event): string {
  const w = words().history;
  switch (event.kind) {
    case "mode":
      return event.text ? modeOf(event.text) : words().code(event.code ?? "?");
    case "setting":
      return `${event.name ? nameOf(plain(event.name)) : words().unknownSetting(event.code ?? "?")} ${field({ value: event.value })} ${unit(event.unit)}`.trim();
    case "weight":
      return `${field({ value: event.value })} ${unit(event.unit)}`.trim();
    case "assignment":
      return event.text ?? "";
    case "alarm":
      return event.text ?? event.name ?? w.kinds.alarm;
  }
}

/** The lanes made last, and of what: they are asked for with every screen frame. */
let made: { of: unknown[]; lanes: Lane[] } = { of: [], lanes: [] };

export function lanesOf(scene: Scene): Lane[] {
  const of = [scene.main, scene.seen, words()];
  if (of.some((part, index) => part !== made.of[index])) made = { of, lanes: newLanes(scene) };
  return made.lanes;
}

function newLanes(scene: Scene): Lane[] {
  const w = words().history;
  const { from, to } = scene.seen;
  const events = (scene.main?.events ?? []).filter((event) => event.from < to && (event.to ?? Infinity) > from);
  const of = (kind: Event["kind"]) => events.filter((event) => event.kind === kind);
  const rank = (event: Event) => LEVELS.indexOf((event.level ?? "unknown") as Level);
  // The most urgent are drawn last, over the others.
  const alarms = of("alarm").sort((a, b) => rank(b) - rank(a));
  const lanes: Lane[] = [{ label: w.kinds.alarm, draw: (u, c, top, height) => drawAlarms(u, c, alarms, top, height) }];
  const modes = of("mode");
  const codes = [...new Set(modes.map((event) => event.code))].slice(0, MODES_MAX);
  codes.forEach((code, index) => {
    const mine = modes.filter((event) => event.code === code);
    lanes.push({ label: index ? "" : w.kinds.mode, draw: (u, c, top, height) => drawBars(u, c, mine, top, height, "--central") });
  });
  const [settings, weights, beds] = [of("setting"), of("weight"), of("assignment")];
  lanes.push({ label: w.kinds.setting, draw: (u, c, top, height) => drawPoints(u, c, settings, top, height, "--accent") });
  if (weights.length) lanes.push({ label: w.kinds.weight, draw: (u, c, top, height) => drawPoints(u, c, weights, top, height, "--second") });
  if (beds.length) lanes.push({ label: w.kinds.assignment, draw: (u, c, top, height) => drawBars(u, c, beds, top, height, "--edge") });
  return lanes;
}

export const heightOf = (scene: Scene) => lanesOf(scene).length * LANE + 12 + 30;

function drawBars(u: uPlot, context: CanvasRenderingContext2D, events: Event[], top: number, height: number, name: string): void {
  for (const event of events) {
    const place = stretch(u, event.from, event.to ?? Number.MAX_SAFE_INTEGER);
    if (!place) continue;
    context.fillStyle = faint(name, 0.2);
    context.fillRect(place[0], top + 2, place[1], height - 4);
    context.fillStyle = faint(name, 0.9);
    context.fillRect(place[0], top + 2, 2 * devicePixelRatio, height - 4);
    label(context, eventText(event), place[0] + 6 * devicePixelRatio, place[1] - 8 * devicePixelRatio, top + height / 2);
  }
}

function drawAlarms(u: uPlot, context: CanvasRenderingContext2D, events: Event[], top: number, height: number): void {
  for (const event of events) {
    const place = stretch(u, event.from, event.to ?? Number.MAX_SAFE_INTEGER);
    if (!place) continue;
    const level = (event.level ?? "unknown") as Level;
    const width = Math.max(place[1], 3 * devicePixelRatio);
    context.fillStyle = colour(levelColour(level));
    context.fillRect(place[0], top + 2, width, height - 4);
    context.fillStyle = level === "unknown" ? colour("--card") : colour(`${levelColour(level)}-ink`);
    const text = `${MARKS[level] ?? "?"} ${eventText(event)}`;
    label(context, text, place[0] + 4 * devicePixelRatio, width - 6 * devicePixelRatio, top + height / 2, context.fillStyle);
  }
}

function drawPoints(u: uPlot, context: CanvasRenderingContext2D, events: Event[], top: number, height: number, name: string): void {
  let free = -Infinity;
  const { min = 0, max = 0 } = u.scales.x ?? {};
  for (const event of events) {
    if (event.from < min || event.from > max) continue;
    const x = u.valToPos(event.from, "x", true);
    const y = top + height / 2;
    const size = 4 * devicePixelRatio;
    context.fillStyle = colour(name);
    context.beginPath();
    context.moveTo(x, y - size);
    context.lineTo(x + size, y);
    context.lineTo(x, y + size);
    context.lineTo(x - size, y);
    context.fill();
    if (x < free) continue;
    const text = eventText(event);
    const width = context.measureText(text).width;
    if (x + width + 3 * size > u.bbox.left + u.bbox.width) continue;
    label(context, text, x + 2 * size, width + 1, y);
    free = x + width + 4 * size;
  }
}

/** Text cut to its room; where that is too narrow for a word there is none. */
function label(context: CanvasRenderingContext2D, text: string, x: number, room: number, y: number, paint = colour("--ink")): void {
  if (room < LEAST_PX * devicePixelRatio) return;
  const width = context.measureText(text).width;
  const fitting = Math.floor((text.length * room) / width) - 1;
  if (width > room && fitting < 2) return;
  context.fillStyle = paint;
  context.fillText(width > room ? `${text.slice(0, fitting).trimEnd()}…` : text, x, y, room);
}

function paint(u: uPlot, scene: Scene): void {
  const lanes = lanesOf(scene);
  const height = LANE * devicePixelRatio;
  const { left, top } = u.bbox;
  const context = u.ctx;
  context.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  clipped(u, () => lanes.forEach((lane, index) => lane.draw(u, context, top + index * height, height)));
  context.textAlign = "right";
  context.fillStyle = colour("--soft");
  lanes.forEach((lane, index) => context.fillText(lane.label, left - 8 * devicePixelRatio, top + (index + 0.5) * height));
  if (scene.mark === null) return;
  const mark = stretch(u, scene.mark, scene.mark);
  if (!mark) return;
  context.fillStyle = colour("--accent");
  context.fillRect(mark[0] - devicePixelRatio, top, 2 * devicePixelRatio, u.bbox.height);
}

export function makeLanes(parent: HTMLElement, width: number, view: Span, scene: Scene, cursorAt: (time: number | null) => void): uPlot {
  return new uPlot(
    {
      width,
      height: heightOf(scene),
      ms: 1,
      padding: [4, RIGHT, 0, 0],
      legend: { show: false },
      cursor: { ...cursorOf(), points: { show: false } },
      scales: { x: { time: true, auto: false, min: Math.round(view.from), max: Math.round(view.to) }, y: { range: () => [0, 1] } },
      axes: [timeAxis(true), { size: LEFT, grid: { show: false }, ticks: { show: false }, values: () => [] }],
      series: [{}, { show: false }],
      hooks: { draw: [(u) => paint(u, scene)], setCursor: [(u) => cursorAt(timeUnder(u))] },
    },
    [[view.from, view.to], [null, null]],
    parent,
  );
}
