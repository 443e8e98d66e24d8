import { useSignal } from "@preact/signals";
import { MARKS, type Level } from "../alarm";
import { now } from "../live/clock";
import { type Head, Row, Table } from "../shell/Table";
import { date, duration, number, unit } from "../words/format";
import { words } from "../words/language";
import { nameOf } from "../words/names";
import { summary } from "./data";
import { eventText } from "./lanes";
import type { History } from "./model";

const LISTED = 300;

/** Least, mean and most of each signal in what is seen. */
export function Summaries({ history }: { history: History }) {
  const w = words().history;
  void history.loaded.value;
  const main = history.scene.main;
  const view = history.rested.value;
  const rows = history.panels.value
    .flatMap((panel) => panel.traces)
    .map((trace) => ({ trace, found: main && summary(main.columns, trace.name, view) }))
    .filter((row) => row.found);
  return (
    <table class="summary">
      <caption>
        {w.summary(date(view.from, "full"), date(view.to, "full"))}
      </caption>
      <thead>
        <tr>
          <th scope="col">{w.quantity}</th>
          <th scope="col">{w.least}</th>
          <th scope="col">{w.mean}</th>
          <th scope="col">{w.most}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ trace, found }) => (
          <tr key={trace.name}>
            <th scope="row">
              {nameOf(trace.name)} <span class="unit">{unit(main?.columns.signals.get(trace.name)?.unit)}</span>
            </th>
            <td>{number(found!.min)}</td>
            <td>{number(found!.mean)}</td>
            <td>{number(found!.max)}</td>
          </tr>
        ))}
        {!rows.length && (
          <tr>
            <td colSpan={4}>{history.loading.value ? w.loading : w.noData}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

interface Listed {
  from: number;
  to: number | null;
  kind: string;
  what: string;
}

/** What happened in a time as text, gaps and their reasons included, the newest first. */
function listed(history: History): Listed[] {
  const w = words();
  const { main } = history.scene;
  const events = (main?.events ?? []).map((event): Listed => {
    const level = (event.level ?? "unknown") as Level;
    const rank = event.kind === "alarm" ? `${MARKS[level] ?? "?"} ${w.level[level]} · ` : "";
    const meaning = event.explained ? ` – ${event.explained}` : "";
    const to = event.kind === "weight" ? event.from : event.to;
    return { from: event.from, to, kind: w.history.kinds[event.kind] ?? event.kind, what: rank + eventText(event) + meaning };
  });
  const gaps = (main?.gaps ?? []).map(({ from, to, reason }): Listed => ({ from, to, kind: w.history.noDataKind, what: w.history.reasons[reason] ?? reason }));
  const { from, to } = history.rested.value;
  return [...events, ...gaps].filter((one) => one.from < to && (one.to ?? Infinity) > from).sort((a, b) => b.from - a.from);
}

/** The events in what is seen, as text; worked out only where the reader has opened it. */
export function EventList({ history }: { history: History }) {
  const w = words().history;
  const open = useSignal(false);
  void history.loaded.value;
  void history.rested.value;
  return (
    <details class="event-list" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{w.eventsIn(count(history))}</summary>
      {open.value && <Events history={history} />}
    </details>
  );
}

function Events({ history }: { history: History }) {
  const w = words().history;
  const heads: Head[] = [[w.from], [w.kind], [w.what, "lead"], [w.lasted]];
  return (
    <Table heads={heads}>
      {listed(history)
        .slice(0, LISTED)
        .map(({ from, to, kind, what }) => (
          <Row
            key={`${kind} ${what} ${from}`}
            heads={heads}
            cells={[date(from, "full"), kind, what, to === null ? w.stands : to === from ? "" : duration(Math.min(to, now.peek()) - from)]}
          />
        ))}
    </Table>
  );
}

/** How many there are. */
function count(history: History): number {
  const { main } = history.scene;
  const { from, to } = history.rested.peek();
  const seen = (one: { from: number; to: number | null }) => one.from < to && (one.to ?? Infinity) > from;
  const events = (main?.events ?? []).filter((one) => seen(one.kind === "weight" ? { from: one.from, to: one.from } : one));
  return events.length + (main?.gaps ?? []).filter(seen).length;
}
