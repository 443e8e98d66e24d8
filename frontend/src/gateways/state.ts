// A gateway's own words, whose members may have any shape, as texts for the page.

import { ms, part, type Facts } from "../facts";
import { bytes, clockTime, number } from "../words/format";
import { words } from "../words/language";
import { BACKLOG } from "../live/staleness";

export type Tone = "good" | "bad" | "old" | "plain";

export interface Said {
  text: string;
  tone: Tone;
}

const text = (value: unknown) =>
  value === null || value === undefined || typeof value === "object" ? "" : String(value);
const whole = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);

export function connection(facts: Facts): Said {
  const w = words().gateways;
  if (facts.online === null || facts.online === undefined) return { text: w.stateUnknown, tone: "old" };
  return facts.online ? { text: w.online, tone: "good" } : { text: w.offline, tone: "bad" };
}

/** What an offline gateway said last is no news of its line. */
const tone = (facts: Facts, wanted: Tone): Tone => (facts.online ? wanted : "old");

export function line(facts: Facts): Said {
  const w = words().gateways;
  const said = text(facts.state?.link);
  if (!said) return { text: "–", tone: "old" };
  const { baud, parity } = part(facts.state, "line");
  const letter = { odd: "O", even: "E", none: "N" }[text(parity)] ?? "?";
  const speed = text(baud) ? `, ${text(baud)} 8${letter}1` : "";
  return { text: (w.links[said] ?? said) + speed, tone: tone(facts, said === "up" ? "good" : "bad") };
}

export function clock(facts: Facts): Said {
  const w = words().gateways;
  const said = text(facts.state?.clock);
  if (!said) return { text: "–", tone: "old" };
  return { text: w.clocks[said] ?? said, tone: tone(facts, said === "unset" ? "bad" : "plain") };
}

export function spool(facts: Facts, now: number): Said {
  const w = words().gateways;
  const found = part(facts.state, "spool");
  const records = whole(found.records);
  if (records === null) return { text: "–", tone: "old" };
  const size = whole(found.bytes);
  const oldest = ms(text(found.oldest));
  const more = [size ? bytes(size) : "", oldest === null ? "" : w.since(clockTime(oldest, now))].filter(Boolean).join(", ");
  return { text: w.records(records) + (more ? ` (${more})` : ""), tone: tone(facts, records > BACKLOG ? "bad" : "plain") };
}

/** Label and text of everything else that it says; `saidAt` is when it said so, null when not known. */
export function details(facts: Facts, saidAt: number | null, now: number): [string, string][] {
  const w = words().gateways;
  const state = facts.state;
  const device = part(state, "device");
  const uptime = whole(state?.uptime_s);
  const free = whole(state?.heap_free);
  const errors = Object.entries(part(state, "errors"))
    .filter(([, count]) => count)
    .map(([word, count]) => `${w.errors[word] ?? word} ${text(count)}`);
  return [
    [w.device, [facts.device?.id, facts.device?.name, text(device.revision)].map(text).filter(Boolean).join(", ") || "–"],
    [w.firmware, text(state?.version) || "–"],
    [w.start, uptime === null ? "–" : w.started(text(state?.boot), saidAt === null ? "" : clockTime(saidAt - uptime * 1000, now))],
    [w.lineErrors, errors.join(", ") || w.none],
    [w.memory, free === null ? "–" : `${number(free / 1024, 0)} KiB`],
  ];
}
