// What the server adds to a gateway's own words, and the actions on it.

import type { GatewayState } from "../facts";

export interface FleetRow {
  gateway: string;
  boot: number | null;
  state: GatewayState | null;
  state_at: string | null;
  restarts_today: number | null;
  coverage_today: number | null;
}

export interface Action {
  id: string;
  gateway: string;
  action: string;
  state: "asked" | "done" | "refused" | "no_reply" | "sending" | "trial";
  error: string | null;
  progress: number | null;
  asked_at: string;
  ended_at: string | null;
  user?: string | null;
}

export const UNDER_WAY = new Set(["asked", "sending", "trial"]);

/** Request codes and periods as `24=1000 27=1000`; null for what is no plan. */
export function planOf(text: string): Record<string, number> | null {
  const plan: Record<string, number> = {};
  for (const word of text.split(/[\s,;]+/).filter(Boolean)) {
    const found = /^([2-7][0-9A-Fa-f])[=:](\d{1,8})$/.exec(word);
    if (!found) return null;
    plan[found[1]!.toUpperCase()] = Number(found[2]);
  }
  return Object.keys(plan).length ? plan : null;
}

/** A file as the base64 that an update takes. */
export async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
