// The order of the tiles: the reader's own, or the most urgent first.

import { computed, signal } from "@preact/signals";
import { ask } from "../api";
import { urgency } from "../alarm";
import { now } from "../live/clock";
import { byName, factsOf, names } from "../live/gateways";
import { isStale } from "../live/staleness";

export type OrderKind = "own" | "urgent";

const KEY = "neonat.order";

export const orderKind = signal<OrderKind>("own");
/** Gateways as the reader put them; those that are not named follow by name. */
export const own = signal<readonly string[]>(kept());
export const arranging = signal(false);

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(globalThis.localStorage?.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

/** `all` in the order of `wanted`, what that does not name behind it. */
export function arranged(all: readonly string[], wanted: readonly string[]): string[] {
  const place = new Map(wanted.map((name, index) => [name, index]));
  const at = (name: string) => place.get(name) ?? wanted.length;
  return [...all].sort((a, b) => at(a) - at(b) || byName(a, b));
}

/** `all` with the item `name` taken to another place. */
export function movedTo(all: readonly string[], name: string, place: number): string[] {
  const rest = all.filter((one) => one !== name);
  rest.splice(Math.max(0, Math.min(rest.length, place)), 0, name);
  return rest;
}

function rank(name: string): number {
  const facts = factsOf(name)?.value;
  if (!facts) return 0;
  if (isStale(facts, now.value)) return 1.5;
  return urgency(facts.alarms);
}

const ownOrder = computed(() => arranged(names.value, own.value));

const urgentOrder = computed(() => {
  const ranks = new Map(ownOrder.value.map((name) => [name, rank(name)]));
  return [...ownOrder.value].sort((a, b) => (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0));
});

let last: readonly string[] = [];

/** The names in the order in force; the same array as long as nothing moves. */
export const order = computed(() => {
  const next = orderKind.value === "urgent" ? urgentOrder.value : ownOrder.value;
  if (next.length !== last.length || next.some((name, index) => name !== last[index])) last = next;
  return last;
});

/** Take the order that the server keeps for the reader; an empty one leaves that of this browser. */
export function takeOrder(kept: readonly string[]): void {
  if (kept.length) own.value = kept;
}

export function move(name: string, place: number): void {
  own.value = movedTo(ownOrder.peek(), name, place);
  localStorage.setItem(KEY, JSON.stringify(own.value));
  ask("/layout", { method: "PUT", body: { order: own.value } }).catch(() => undefined);
}
