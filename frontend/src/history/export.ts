// Taking out what is seen: a file of numbers, a picture, a sheet of paper.

import { factsOf } from "../live/gateways";
import { placeOf } from "../ward/place";
import { date } from "../words/format";
import { words } from "../words/language";
import { nameOf } from "../words/names";
import { csv } from "./data";
import type { History } from "./model";
import { colour } from "./paint";

const REVOKE_MS = 10_000;

function save(data: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
}

const names = (history: History) => history.panels.peek().flatMap((panel) => panel.traces.map((trace) => trace.name));

function fileName(history: History, ending: string): string {
  const { from, to } = history.view.peek();
  const time = (ms: number) => new Date(ms).toISOString().slice(0, 16).replaceAll(":", "").replaceAll("-", "");
  return `neonat-${history.gateway}-${time(from)}-${time(to)}.${ending}`;
}

export function saveCsv(history: History): void {
  const main = history.scene.main;
  if (main) save(new Blob([csv(main.columns, names(history), history.view.peek())], { type: "text/csv" }), fileName(history, "csv"));
}

/** All plots in one picture, with what they are of above and the legend of each beside. */
export function picture(history: History, title: string): HTMLCanvasElement {
  const canvases = history.charts.canvases;
  const ratio = devicePixelRatio;
  const head = (history.comparison.peek() ? 80 : 64) * ratio;
  const legend = 22 * ratio;
  const sheet = document.createElement("canvas");
  sheet.width = Math.max(...canvases.map((canvas) => canvas.width));
  sheet.height = head + canvases.reduce((sum, canvas) => sum + canvas.height + legend, 0);
  const pen = sheet.getContext("2d")!;
  pen.fillStyle = colour("--card");
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.textBaseline = "top";
  pen.fillStyle = colour("--ink");
  pen.font = `600 ${18 * ratio}px system-ui, sans-serif`;
  pen.fillText(title, 12 * ratio, 10 * ratio);
  pen.font = `${13 * ratio}px system-ui, sans-serif`;
  pen.fillStyle = colour("--soft");
  const { from, to } = history.view.peek();
  const other = comparedWith(history);
  if (other) pen.fillText(other, 12 * ratio, 55 * ratio);
  pen.fillText(`${date(from, "full")} – ${date(to, "full")} · neonat · ${words().notice}`, 12 * ratio, 36 * ratio);
  let top = head;
  const panels = history.panels.peek();
  canvases.forEach((canvas, index) => {
    let left = 74 * ratio;
    for (const trace of panels[index]?.traces ?? []) {
      pen.fillStyle = colour(trace.colour);
      pen.fillRect(left, top + 8 * ratio, 16 * ratio, 3 * ratio);
      pen.fillStyle = colour("--ink");
      const text = nameOf(trace.name);
      pen.fillText(text, left + 22 * ratio, top + 3 * ratio);
      left += 44 * ratio + pen.measureText(text).width;
    }
    top += legend;
    pen.drawImage(canvas, 0, top);
    top += canvas.height;
  });
  return sheet;
}

/** What the dashed lines are; empty where nothing is compared. */
export function comparedWith(history: History): string {
  const other = history.comparison.value;
  if (!other) return "";
  const facts = other.gateway ? factsOf(other.gateway)?.peek() : undefined;
  const who = facts ? placeOf(facts).title : other.gateway;
  const { from, to } = history.rested.value;
  const when = other.earlier ? `${date(from - other.earlier, "full")} – ${date(to - other.earlier, "full")}` : "";
  return words().history.dashed([who, when].filter(Boolean).join(", "));
}

export function savePicture(history: History, title: string): void {
  picture(history, title).toBlob((data) => data && save(data, fileName(history, "png")), "image/png");
}
