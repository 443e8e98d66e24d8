// The newest of each gateway, each in a signal of its own: what changes redraws one tile.

import { computed, type Signal, signal } from "@preact/signals";
import type { Facts } from "../facts";

const held = new Map<string, Signal<Facts>>();
const naturally = new Intl.Collator("en", { numeric: true });

/** The names of all gateways that are known, in natural order. */
export const names = signal<readonly string[]>([]);
export const count = computed(() => names.value.length);

export function factsOf(gateway: string): Signal<Facts> | undefined {
  return held.get(gateway);
}

/** Take news of some gateways. */
export function hearFacts(news: readonly Facts[]): void {
  let grew = false;
  for (const facts of news) {
    const known = held.get(facts.gateway);
    if (known) known.value = facts;
    else {
      held.set(facts.gateway, signal(facts));
      grew = true;
    }
  }
  if (grew) names.value = [...held.keys()].sort(naturally.compare);
}

export function byName(a: string, b: string): number {
  return naturally.compare(a, b);
}

/** What `latest` or the stream says; the tile's alarms have their names, which the answer has not. */
export function whole(facts: Facts): Facts {
  return { ...facts, alarms: facts.tile?.alarms ?? facts.alarms, partial: false };
}
