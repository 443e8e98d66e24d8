import { useComputed } from "@preact/signals";
import { LEVELS, levelOf, MARKS, sorted, type Level } from "../alarm";
import { now } from "../live/clock";
import { factsOf, names } from "../live/gateways";
import { isStale } from "../live/staleness";
import { words } from "../words/language";

/** How many incubators there are, by the priority of their most urgent alarm, and how many are stale. */
export function Tally() {
  const w = words();
  const counts = useComputed(() => {
    const found: Record<Level | "stale", number> = { high: 0, medium: 0, low: 0, unknown: 0, stale: 0 };
    for (const name of names.value) {
      const facts = factsOf(name)?.value;
      if (!facts) continue;
      const first = sorted(facts.alarms)[0];
      if (isStale(facts, now.value)) found.stale++;
      else if (first) found[levelOf(first.priority)]++;
    }
    return `${Object.values(found).join(" ")}`;
  });
  if (!names.value.length) return null;
  const numbers = counts.value.split(" ").map(Number);
  return (
    <p class="tally" id="tally">
      <span>{w.ward.incubators(names.value.length)}</span>
      {LEVELS.map((level, index) =>
        numbers[index] ? (
          <span key={level} class={level}>
            <b aria-hidden="true">{MARKS[level]}</b> {w.levelCount(numbers[index], level)}
          </span>
        ) : null,
      )}
      {numbers[4] ? <span class="stale">{w.ward.notCurrent(numbers[4])}</span> : null}
    </p>
  );
}
