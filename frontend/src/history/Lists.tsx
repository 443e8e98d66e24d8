import { useComputed } from "@preact/signals";
import { MARKS, type Level } from "../alarm";
import { now } from "../live/clock";
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
        {w.summary}: {date(view.from, "full")} – {date(view.to, "full")}
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

/** The events in what is seen, as text. */
export function EventList({ history }: { history: History }) {
  const w = words().history;
  const events = useComputed(() => {
    void history.loaded.value;
    const { from, to } = history.rested.value;
    return (history.scene.main?.events ?? []).filter((event) => event.from < to && (event.to ?? Infinity) > from);
  });
  const shown = events.value.slice(-LISTED).reverse();
  return (
    <details class="event-list">
      <summary>{w.eventsIn(events.value.length)}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{w.from}</th>
            <th scope="col">{w.kind}</th>
            <th scope="col">{w.what}</th>
            <th scope="col">{w.to}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((event) => (
            <tr key={`${event.kind} ${event.code} ${event.from}`}>
              <td>{date(event.from, "full")}</td>
              <td>{w.kinds[event.kind]}</td>
              <td>
                {event.kind === "alarm" && `${MARKS[(event.level ?? "unknown") as Level] ?? "?"} ${words().level[(event.level ?? "unknown") as Level]} · `}
                {eventText(event)}
                {event.kind === "alarm" && event.explained && ` – ${event.explained}`}
              </td>
              <td>{event.to === null ? w.stands : event.kind === "weight" ? "" : duration(Math.min(event.to, now.peek()) - event.from)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
