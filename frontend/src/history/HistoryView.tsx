import { useComputed, useSignalEffect } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import type { Facts } from "../facts";
import { colours } from "../shell/theme";
import { language, words } from "../words/language";
import { comparedWith } from "./export";
import { handle } from "./gestures";
import { eventText, makeLanes } from "./lanes";
import { EventList, Summaries } from "./Lists";
import { History } from "./model";
import { takeColours, type Limit } from "./paint";
import { makePlot } from "./plot";
import type { Panel } from "./panels";
import { Readout } from "./Readout";
import { Tools } from "./Tools";
import { lengthOf, moved, scaled } from "./view";

const STEP = 0.2;
/** How near to an event the cursor has to be, as a share of what is seen. */
const NEAR = 0.004;
const SAID = 4;
/** Whether the reader's hand has no mouse. */
const touch = globalThis.matchMedia?.("(hover: none)");

/** The history of one incubator: plots on one time axis, and what can be done with them. */
export default function HistoryView({ gateway, title, facts }: { gateway: string; title: string; facts: Signal<Facts> }) {
  const w = words().history;
  const history = useMemo(() => new History(gateway), [gateway]);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => () => history.close(), [history]);
  useEffect(() => {
    const node = root.current;
    if (!node) return;
    const watcher = new ResizeObserver(([entry]) => entry && history.resize(Math.floor(entry.contentRect.width)));
    watcher.observe(node);
    const release = handle(node, {
      plot: () => history.charts.any,
      view: () => history.view.peek(),
      show: (view) => history.show(view),
      click: (time) => history.measure(time),
    });
    return () => {
      watcher.disconnect();
      release();
    };
  }, [history]);
  useSignalEffect(() => {
    void colours.value;
    void language.value;
    takeColours();
    history.charts.redraw();
  });
  useSignalEffect(() => history.limit(limitsOf(facts.value)));
  return (
    <section class="history panel" aria-label={w.label}>
      <Tools history={history} title={title} facts={facts} />
      {history.trouble.value && <p class="stale-note">{w.trouble(history.trouble.value)}</p>}
      <p class="on-paper">{comparedWith(history)}</p>
      <div class="plots" ref={root} tabIndex={0} role="group" aria-label={w.label} aria-description={w.help} onKeyDown={(event) => onKey(event, history)}>
        {history.panels.value.map((panel) => (
          <PanelView key={panel.key} history={history} panel={panel} />
        ))}
        <Lanes history={history} />
      </div>
      <p class="hint">{touch?.matches ? w.touchHint : w.hint}</p>
      <Summaries history={history} />
      <EventList history={history} />
    </section>
  );
}

function limitsOf(facts: Facts): Limit[] {
  const found = new Map<string, Limit>();
  for (const { name, side, value } of facts.limits) {
    if (!name || !side) continue;
    const limit = found.get(name) ?? { name, low: null, high: null };
    limit[side] = value;
    found.set(name, limit);
  }
  return [...found.values()];
}

function onKey(event: KeyboardEvent, history: History): void {
  const view = history.view.peek();
  const length = lengthOf(view);
  const cursor = history.cursor.peek() ?? (view.from + view.to) / 2;
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (sideways && event.shiftKey) history.charts.point(cursor + (sideways * length) / 200);
  else if (sideways) history.show(moved(view, sideways * length * STEP));
  else if (event.key === "+" || event.key === "=") history.show(scaled(view, 0.6, cursor));
  else if (event.key === "-") history.show(scaled(view, 1 / 0.6, cursor));
  else if (event.key === "Enter") history.measure(cursor);
  else if (event.key === "Escape") history.measure(null);
  else return;
  event.preventDefault();
}

const widthOf = (node: HTMLElement) => node.closest(".plots")?.clientWidth || 900;

function PanelView({ history, panel }: { history: History; panel: Panel }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const plot = makePlot(parent, {
      panel,
      last: false,
      width: widthOf(parent),
      view: history.view.peek(),
      scene: history.scene,
      cursorAt: (time) => (history.cursor.value = time),
    });
    return history.charts.add(panel, plot);
  }, [history, panel.key]);
  return (
    <figure class="plot" data-panel={panel.key} hidden={panel.key !== "temperatures" && history.isEmpty(panel)}>
      <Readout history={history} panel={panel} />
      <div ref={place} />
    </figure>
  );
}

function Lanes({ history }: { history: History }) {
  const w = words().history;
  const place = useRef<HTMLDivElement>(null);
  const said = useComputed(() => {
    void history.loaded.value;
    const cursor = history.cursor.value;
    if (cursor === null) return "";
    const near = lengthOf(history.view.peek()) * NEAR;
    const found = (history.scene.main?.events ?? []).filter((event) => event.from - near <= cursor && cursor <= (event.to ?? Infinity) + near);
    return found.filter((event) => event.kind === "alarm").map(eventText).slice(0, SAID).join(" · ");
  });
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    return history.charts.addLanes(makeLanes(parent, widthOf(parent), history.view.peek(), history.scene, (time) => (history.cursor.value = time)));
  }, [history]);
  return (
    <figure class="plot" data-panel="events">
      <figcaption class="legend">
        <strong>{w.events}</strong> <span class="soft">{said}</span>
      </figcaption>
      <div ref={place} />
    </figure>
  );
}
