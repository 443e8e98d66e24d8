// What the audit trail keeps of an act besides who and when, in the reader's words.

import { ms } from "../facts";
import { date } from "./format";
import { words } from "./language";
import { reasonIn } from "./refusals";

export function notedIn(details: Record<string, unknown>): string {
  const w = words();
  const known = Object.entries(details).filter(([, value]) => value !== null && value !== "");
  return known.map(([key, value]) => w.actions.because(w.admin.noted[key] ?? key, told(key, value))).join(", ");
}

function told(key: string, value: unknown): string {
  const w = words().admin;
  if (typeof value === "boolean") return w.yesNo(value);
  // A poll plan, as it is written.
  if (typeof value === "object") return Object.entries(value ?? {}).map(([code, period]) => `${code}=${String(period)}`).join(" ");
  const text = String(value);
  if (key === "role") return w.roles[text] ?? text;
  if (key === "how") return w.ways[text] ?? text;
  if (key === "error") return reasonIn(text);
  if (key === "from" || key === "until") return date(ms(text), "dayMinute");
  return text;
}
