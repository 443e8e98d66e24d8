// IEC 60601-1-8 priorities; the device sends 0x30 + 1 to 31.

import type { Alarm } from "./facts";

export type Level = "high" | "medium" | "low" | "unknown";

export const LEVELS: readonly Level[] = ["high", "medium", "low", "unknown"];
export const MARKS: Record<Level, string> = { high: "!!!", medium: "!!", low: "!", unknown: "?" };

/** The number of a priority as sent, 1 to 31; 0 for what is none. */
export function priorityNumber(priority: string): number {
  const text = String(priority);
  const number = text.length === 1 ? text.charCodeAt(0) - 0x30 : 0;
  return number >= 1 && number <= 31 ? number : 0;
}

export function levelOf(priority: string): Level {
  const number = priorityNumber(priority);
  if (number >= 25) return "high";
  if (number >= 11) return "medium";
  return number >= 1 ? "low" : "unknown";
}

/** The most urgent first. */
export function sorted(alarms: readonly Alarm[]): Alarm[] {
  const rank = (alarm: Alarm) => priorityNumber(alarm.priority);
  return [...alarms].sort((a, b) => rank(b) - rank(a) || a.phrase.localeCompare(b.phrase));
}

/** 3 for a high alarm to 0 for none that is known. */
export function urgency(alarms: readonly Alarm[]): number {
  return alarms.reduce((most, alarm) => Math.max(most, 3 - LEVELS.indexOf(levelOf(alarm.priority))), 0);
}
