// The server's time, carried on by a clock that nobody can set.

import { signal } from "@preact/signals";

const KEPT = 30;

let offsets: number[] = [];

/** The server's time in ms as of the last tick; what shows an age reads it. */
export const now = signal(Date.now());

export function serverNow(): number {
  return offsets.length ? performance.now() + Math.max(...offsets) : Date.now();
}

export function knowsTime(): boolean {
  return offsets.length > 0;
}

/** Delays only make the server look late, so the largest of the last offsets is the best. */
export function hearTime(stamp: string | undefined): void {
  const time = Date.parse(stamp ?? "");
  if (Number.isNaN(time)) return;
  offsets.push(time - performance.now());
  if (offsets.length > KEPT) offsets.shift();
}

/** A new connection may be to a server whose clock was set meanwhile. */
export function forgetTimes(): void {
  offsets = offsets.slice(-1);
}

export function tick(): void {
  now.value = serverNow();
}
