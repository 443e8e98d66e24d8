// The first view: all tiles in one answer, before the stream brings everything of each.

import { ask } from "../api";
import type { Alarm, Assignment, DeviceText, Facts, Reading } from "../facts";
import { takeOrder } from "../ward/order";
import { hearTime, tick } from "./clock";
import { factsOf, hearFacts, whole } from "./gateways";

interface Value {
  value: number | null;
  unit: string | null;
  raw?: string | null;
}

export interface WardTile {
  gateway: string;
  assignment: Assignment | null;
  device: Facts["device"];
  online: boolean | null;
  link: string | null;
  waiting: number | null;
  at: string | null;
  received_at: string | null;
  measured_at: string | null;
  values: Record<string, Value>;
  set_points: Record<string, Value>;
  limits: Record<string, { low: number | null; high: number | null }>;
  modes: DeviceText[];
  alarms: Alarm[];
}

interface WardAnswer {
  now: string;
  change: number;
  order: string[];
  tiles: WardTile[];
}

/** A tile as the stream would have told it, as far as a tile goes. */
export function factsOfTile(tile: WardTile): Facts {
  const { gateway, assignment, device, online, at, received_at, alarms } = tile;
  const measured = { at: tile.measured_at };
  const readings: Reading[] = Object.entries(tile.values).map(([name, one]) => ({ code: name, name, ...one }));
  return {
    gateway,
    online,
    device,
    at,
    received_at,
    alarms,
    readings,
    state: { link: tile.link, spool: { records: tile.waiting } },
    limits: [],
    settings: Object.entries(tile.set_points).map(([name, one]) => ({ code: name, name: `${name}_setting`, ...one })),
    texts: tile.modes,
    measured,
    alarms_seen: measured,
    settings_seen: measured,
    texts_seen: measured,
    tile: { assignment },
    partial: true,
  };
}

/** Show all tiles at once; the change behind which the stream goes on, 0 when nothing came. */
export async function loadWard(): Promise<number> {
  try {
    const ward = await ask<WardAnswer>("/ward");
    hearTime(ward.now);
    takeOrder(ward.order);
    hearFacts(ward.tiles.filter((tile) => !factsOf(tile.gateway)).map(factsOfTile));
    tick();
    return ward.change;
  } catch {
    // The stream tells the same, and the banner what is wrong.
    return 0;
  }
}

/** Everything of one gateway, where only its tile is known so far. */
export async function loadWhole(gateway: string): Promise<void> {
  if (factsOf(gateway)?.peek().partial === false) return;
  try {
    const facts = await ask<Facts>(`/gateways/${encodeURIComponent(gateway)}/latest`);
    hearFacts([whole(facts)]);
  } catch {
    // What is known stays; the banner says what is wrong.
  }
}
