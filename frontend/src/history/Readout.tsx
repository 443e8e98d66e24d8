import { duration, date, number, unit } from "../words/format";
import { words } from "../words/language";
import { nameOf } from "../words/names";
import { summary, valueAt } from "./data";
import type { History } from "./model";
import type { Panel, Trace } from "./panels";

const decimals = (panel: Panel) => (["temperatures", "difference"].includes(panel.key) ? 1 : 0);

/** A change with its sign; none where it rounds to nothing. */
function signed(change: number, digits: number): string {
  const size = number(Math.abs(change), digits);
  return /[1-9]/.test(size) ? (change < 0 ? "−" : "+") + size : size;
}

/** The legend of a plot, with the values at the cursor and what changed since the mark. */
export function Readout({ history, panel }: { history: History; panel: Panel }) {
  const w = words().history;
  const title = w.panels[panel.key] ?? nameOf(panel.traces[0]?.name ?? "");
  return (
    <figcaption class="legend">
      <strong>{title}</strong>
      {panel.traces.map((trace) => (
        <TraceReadout key={trace.name} history={history} panel={panel} trace={trace} />
      ))}
      {panel.key === "temperatures" && <CursorTime history={history} />}
    </figcaption>
  );
}

function TraceReadout({ history, panel, trace }: { history: History; panel: Panel; trace: Trace }) {
  void history.loaded.value;
  const { main, other } = history.scene;
  const cursor = history.cursor.value;
  const mark = history.mark.value;
  const digits = decimals(panel);
  const at = (time: number | null, of = main) => (time === null || !of ? null : valueAt(of.columns, trace.name, time));
  const here = at(cursor);
  const there = at(cursor, other);
  const from = at(mark);
  const sign = main ? unit(main.columns.signals.get(trace.name)?.unit) : "";
  const whole = cursor === null && main ? summary(main.columns, trace.name, history.rested.value) : null;
  return (
    <span class="trace">
      <i style={{ background: `var(${trace.colour})` }} aria-hidden="true" />
      {nameOf(trace.name)}{" "}
      <b>
        {cursor === null ? (whole ? `${number(whole.min, digits)} – ${number(whole.max, digits)}` : "–") : number(here, digits)}
      </b>{" "}
      <span class="unit">{sign}</span>
      {there !== null && <span class="other"> ┄ {number(there, digits)}</span>}
      {here !== null && from !== null && (
        <span class="delta">
          {" "}
          Δ {signed(here - from, digits)}
        </span>
      )}
    </span>
  );
}

function CursorTime({ history }: { history: History }) {
  const w = words().history;
  const cursor = history.cursor.value;
  const mark = history.mark.value;
  if (cursor === null && mark === null) return null;
  const apart = cursor === null || mark === null ? null : cursor - mark;
  const gap = history.scene.main?.gaps.find((one) => cursor !== null && one.from <= cursor && cursor <= one.to);
  return (
    <span class="when">
      {cursor !== null && <b>{date(cursor, "full")}</b>} {gap && w.gap(w.reasons[gap.reason] ?? gap.reason)}{" "}
      {apart !== null && (apart >= 0 ? w.since(duration(apart)) : w.before(duration(-apart)))}
      {mark !== null && (
        <button type="button" class="quiet small" aria-label={w.clearMark} onClick={() => history.measure(null)}>
          ✕
        </button>
      )}
    </span>
  );
}
