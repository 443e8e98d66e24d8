// What the page says of one incubator's data right now: its age, whether it is stale, and why.

import { type ReadonlySignal, type Signal, useComputed } from "@preact/signals";
import { timeOf, type Facts, type Stamped } from "../facts";
import { clockTime, duration } from "../words/format";
import { words } from "../words/language";
import { now } from "./clock";
import { link, server } from "./link";
import { isOld, isStale, reasonFor, SLOW_STALE_MS, STALE_MS } from "./staleness";

export interface Current {
  age: ReadonlySignal<string>;
  stale: ReadonlySignal<boolean>;
  /** Why values are not current; empty when they are. */
  note: ReadonlySignal<string>;
  alarmsStale: ReadonlySignal<boolean>;
  modesStale: ReadonlySignal<boolean>;
  setsStale: ReadonlySignal<boolean>;
}

export function noteOf(facts: Facts, at: number): string {
  if (!isStale(facts, at)) return "";
  const w = words();
  const last = timeOf(facts.measured);
  const since = last === null ? w.ward.never : w.ward.last(clockTime(last, at));
  const around = { linked: link.value !== "lost", serverOk: server.value.ok, trouble: server.value.trouble };
  const reason = w.reason(reasonFor(facts, around, at));
  return reason ? `${since} – ${reason}` : since;
}

export function useCurrent(facts: Signal<Facts>): Current {
  const stale = useComputed(() => isStale(facts.value, now.value));
  const late = (fact: (one: Facts) => Stamped | null | undefined, limit: number) =>
    useComputed(() => stale.value || isOld(fact(facts.value), limit, now.value));
  return {
    stale,
    age: useComputed(() => {
      const at = timeOf(facts.value.measured);
      return at === null ? words().ward.noData : words().ward.ago(duration(now.value - at));
    }),
    note: useComputed(() => noteOf(facts.value, now.value)),
    alarmsStale: late((one) => one.alarms_seen, STALE_MS),
    modesStale: late((one) => one.texts_seen, SLOW_STALE_MS),
    setsStale: late((one) => one.settings_seen, SLOW_STALE_MS),
  };
}
