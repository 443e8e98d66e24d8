import type { Signal } from "@preact/signals";
import type { Facts } from "../facts";
import { factsOf, names } from "../live/gateways";
import { dress, theme } from "../shell/theme";
import { TimeField } from "../shell/TimeField";
import { placeOf } from "../ward/place";
import { words } from "../words/language";
import { nameOf } from "../words/names";
import { saveCsv, savePicture } from "./export";
import type { Comparison, History } from "./model";
import { STANDARD } from "./panels";
import { DAY, LENGTHS, lengthOf, moved, scaled } from "./view";

interface Props {
  history: History;
  title: string;
  facts: Signal<Facts>;
}

/** What can be done with a history: another span, a comparison, more signals, taking it out. */
export function Tools({ history, title, facts }: Props) {
  const w = words().history;
  return (
    <div class="tools">
      <h2>{w.label}</h2>
      <Lengths history={history} />
      <Moves history={history} />
      <Times history={history} />
      <Compare history={history} />
      <More history={history} facts={facts} />
      <span class="actions">
        <button type="button" onClick={() => saveCsv(history)}>
          {w.csv}
        </button>
        <button type="button" onClick={() => savePicture(history, title)}>
          {w.png}
        </button>
        <button type="button" onClick={() => print(history)}>
          {w.print}
        </button>
      </span>
      <span class="soft" role="status">
        {history.loading.value ? w.loading : ""}
      </span>
    </div>
  );
}

function Lengths({ history }: { history: History }) {
  const w = words().history;
  const length = lengthOf(history.rested.value);
  return (
    <div class="segments" role="group" aria-label={w.span}>
      {LENGTHS.map((one) => (
        <button key={one} type="button" aria-pressed={history.following.value && Math.abs(length - one) < 1500} onClick={() => history.last(one)}>
          {w.lengths[one / 1000]}
        </button>
      ))}
    </div>
  );
}

function Moves({ history }: { history: History }) {
  const w = words().history;
  const by = (share: number) => history.show(moved(history.view.peek(), share * lengthOf(history.view.peek())));
  const zoom = (factor: number) => {
    const view = history.view.peek();
    history.show(scaled(view, factor, history.cursor.peek() ?? (view.from + view.to) / 2));
  };
  return (
    <span class="moves">
      <button type="button" aria-label={w.earlier} onClick={() => by(-0.5)}>
        ←
      </button>
      <button type="button" aria-label={w.zoomOut} onClick={() => zoom(2)}>
        −
      </button>
      <button type="button" aria-label={w.zoomIn} onClick={() => zoom(0.5)}>
        +
      </button>
      <button type="button" aria-label={w.later} onClick={() => by(0.5)}>
        →
      </button>
      <button type="button" aria-pressed={history.following.value} onClick={() => history.last(lengthOf(history.view.peek()))}>
        {w.now}
      </button>
    </span>
  );
}

function Times({ history }: { history: History }) {
  const w = words().history;
  const view = history.rested.value;
  const change = (part: "from" | "to") => (time: number) => {
    const before = history.view.peek();
    const next = { ...before, [part]: time };
    // A begin behind the end, or the other way round, takes the span along.
    history.show(next.to > next.from ? next : moved(before, time - before[part]));
  };
  return (
    <span class="times">
      <TimeField label={w.from} value={view.from} set={change("from")} />
      <span aria-hidden="true">–</span>
      <TimeField label={w.to} value={view.to} set={change("to")} />
    </span>
  );
}

function Compare({ history }: { history: History }) {
  const w = words().history;
  const others = names.value.filter((name) => name !== history.gateway).slice(0, 200);
  const now = history.comparison.value;
  const value = now ? (now.gateway ? `g:${now.gateway}` : `e:${now.earlier}`) : "";
  const span = Math.round(lengthOf(history.view.peek()));
  const earlier: [number, string][] = [
    [DAY, w.dayBefore],
    [7 * DAY, w.weekBefore],
  ];
  const custom = now && !now.gateway && ![DAY, 7 * DAY].includes(now.earlier) ? now.earlier : span;
  const choose = (chosen: string) => {
    const [kind, text = ""] = [chosen.slice(0, 2), chosen.slice(2)];
    const next: Comparison | null = kind === "g:" ? { gateway: text, earlier: 0 } : kind === "e:" ? { gateway: "", earlier: Number(text) } : null;
    history.compare(next);
  };
  return (
    <label class="choice">
      <span>{w.compare}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{w.compareNone}</option>
        {earlier.map(([ms, text]) => (
          <option key={ms} value={`e:${ms}`}>
            {text}
          </option>
        ))}
        <option value={`e:${custom}`}>{w.spanBefore}</option>
        {others.map((name) => {
          const facts = factsOf(name);
          return (
            <option key={name} value={`g:${name}`}>
              {w.otherIncubator(facts ? placeOf(facts.value).title : name)}
            </option>
          );
        })}
      </select>
      {now && !now.gateway && (
        <TimeField label={w.otherFrom} value={history.rested.value.from - now.earlier} set={(time) => beginOther(history, time)} />
      )}
      {now && <span class="soft">{w.comparedDay}</span>}
    </label>
  );
}

/** Compare with the time that begins then. */
function beginOther(history: History, time: number): void {
  const earlier = Math.round(history.rested.peek().from - time);
  if (earlier > 0) history.compare({ gateway: "", earlier });
}

/** Signals that have no plot of their own unless asked for. */
function More({ history, facts }: { history: History; facts: Signal<Facts> }) {
  const w = words().history;
  const offered = new Set(
    facts.value.readings.map((reading) => reading.name).filter((name): name is string => !!name && !STANDARD.has(name) && name !== "body_weight_date"),
  );
  for (const name of history.extra.value) offered.add(name);
  if (!offered.size) return null;
  const toggle = (name: string) => {
    const shown = history.extra.peek();
    history.draw(shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name]);
  };
  return (
    <details class="menu">
      <summary>{w.more}</summary>
      <div>
        {[...offered].sort().map((name) => (
          <label key={name}>
            <input type="checkbox" checked={history.extra.value.includes(name)} onChange={() => toggle(name)} /> {nameOf(name)}
          </label>
        ))}
      </div>
    </details>
  );
}

/** Paper is white: the plots are drawn in the colours of the day. */
function print(history: History): void {
  const before = theme.peek();
  dress("light");
  history.charts.redraw();
  requestAnimationFrame(() => {
    window.print();
    dress(before);
  });
}
