// What the server tells, as docs/user.md describes it. A gateway's own words may have any shape.

export interface Stamped {
  at?: string | null;
  received_at?: string | null;
}

export interface Reading extends Stamped {
  code: string;
  codepage?: number | null;
  name: string | null;
  value: number | null;
  unit: string | null;
  raw?: string | null;
  side?: "low" | "high";
}

export interface Setting extends Stamped {
  code: string;
  name: string | null;
  value: number | null;
  unit: string | null;
  raw?: string | null;
}

export interface DeviceText extends Stamped {
  code: string;
  name: string | null;
  text: string;
}

export interface Alarm {
  gateway?: string;
  code: string;
  codepage: number | null;
  priority: string;
  phrase: string;
  name?: string | null;
  started_at?: string | null;
  last_seen_at?: string | null;
  ended_at?: string | null;
}

export interface Device {
  id?: string;
  name?: string;
  revision?: string;
}

export interface GatewayState {
  [key: string]: unknown;
}

/** Where a gateway is from one time to another. */
export interface Assignment {
  id: number;
  gateway: string;
  bed: string | null;
  room: string | null;
  device: string | null;
  patient: string | null;
  from: string;
  until: string | null;
}

export interface Facts {
  now?: string;
  gateway: string;
  online: boolean | null;
  device: Device | null;
  state: GatewayState | null;
  at: string | null;
  received_at: string | null;
  readings: Reading[];
  limits: Reading[];
  settings: Setting[];
  texts: DeviceText[];
  alarms: Alarm[];
  measured?: Stamped | null;
  alarms_seen?: Stamped | null;
  settings_seen?: Stamped | null;
  texts_seen?: Stamped | null;
  /** Only what the ward's tile tells. */
  partial?: boolean;
  tile?: { assignment?: Assignment | null; alarms?: Alarm[] };
}

/** When a fact was true, UTC ms; a gateway whose clock runs ahead must not look fresh for ever. */
export function timeOf(fact: Stamped | null | undefined): number | null {
  const times = [fact?.at, fact?.received_at].map((text) => Date.parse(text ?? "")).filter(Number.isFinite);
  return times.length ? Math.min(...times) : null;
}

/** Milliseconds of a stamp, null for what is none. */
export function ms(stamp: string | null | undefined): number | null {
  const time = Date.parse(stamp ?? "");
  return Number.isFinite(time) ? time : null;
}

/** A member of a gateway's own state, when it is an object. */
export function part(state: GatewayState | null, key: string): Record<string, unknown> {
  const found = state?.[key];
  return found !== null && typeof found === "object" && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
}
