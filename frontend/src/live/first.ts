// The first view: all tiles in one answer, before the stream brings everything of each.

import { ask } from "../api";
import type { Alarm, Assignment, DeviceText, Facts, Reading } from "../facts";
import { takeOrder } from "../ward/order";
import { hearTime, tick } from "./clock";
import { factsOf, hearFacts } from "./gateways";

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
  };
}

/** Show all tiles at once; what the stream has told meanwhile is newer. */
export async function loadWard(): Promise<void> {
  try {
    const ward = await ask<WardAnswer>("/ward");
    hearTime(ward.now);
    takeOrder(ward.order);
    hearFacts(ward.tiles.filter((tile) => !factsOf(tile.gateway)).map(factsOfTile));
    tick();
  } catch {
    // The stream tells the same, and the banner what is wrong.
  }
}
