// Whether what is known of an incubator is current, and why not.

import { ms, part, timeOf, type Facts, type Stamped } from "../facts";

export const STALE_MS = 10_000;
/** Settings and modes are asked for every 10 s; three times that is late. */
export const SLOW_STALE_MS = 30_000;
/** More records than this in a gateway's spool, and the server is behind, as neonat.web.ward has it. */
export const BACKLOG = 30;

/** What the server says is wrong with it: its stable code, and its own words. */
export interface Trouble {
  code: string;
  words: string;
}

export type Reason =
  | { kind: "no_server" }
  | { kind: "server"; trouble: Trouble }
  | { kind: "gateway_off" }
  | { kind: "connecting" }
  | { kind: "line_down" }
  | { kind: "behind"; records: number }
  | { kind: "no_measured" }
  | { kind: "silent" }
  | { kind: "unknown" };

export interface Surroundings {
  linked: boolean;
  serverOk: boolean;
  trouble: Trouble;
}

export function isOld(fact: Stamped | null | undefined, limit: number, now: number): boolean {
  const at = timeOf(fact);
  return at === null || now - at > limit;
}

export function isStale(facts: Facts, now: number): boolean {
  return isOld(facts.measured, STALE_MS, now);
}

/** Why no current values come, by what is known first along the way from server to incubator. */
export function reasonFor(facts: Facts, around: Surroundings, now: number): Reason {
  if (!around.linked) return { kind: "no_server" };
  if (!around.serverOk) return { kind: "server", trouble: around.trouble };
  if (facts.online === false) return { kind: "gateway_off" };
  const line = facts.state?.link;
  if (line === "connecting") return { kind: "connecting" };
  if (line && line !== "up") return { kind: "line_down" };
  const records = part(facts.state, "spool").records;
  if (typeof records === "number" && records > BACKLOG) return { kind: "behind", records };
  const heard = ms(facts.received_at);
  if (heard !== null && now - heard < STALE_MS) return { kind: "no_measured" };
  return { kind: line === "up" ? "silent" : "unknown" };
}
