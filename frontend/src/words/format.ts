// Numbers, times and durations as the reader's language writes them.

import { computed } from "@preact/signals";
import { language, locale, words } from "./language";

const DAY_MS = 86_400_000;
const PLAIN = /^[+-]?\d+(\.\d+)?$/;
const UNITS: Record<string, string> = { Cel: "°C", "dB[A]": "dB(A)", "-": "" };

const formats = computed(() => {
  const of = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale.value, options);
  return {
    clock: of({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    minute: of({ hour: "2-digit", minute: "2-digit" }),
    dayMinute: of({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
    full: of({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    day: of({ day: "numeric", month: "short" }),
    weekday: of({ weekday: "short", day: "numeric", month: "short" }),
    date: of({ day: "numeric", month: "short", year: "numeric" }),
    month: of({ month: "short", year: "numeric" }),
  };
});

export type DateStyle = keyof typeof formats.value;

export function date(ms: number | null, style: DateStyle): string {
  return ms === null || !Number.isFinite(ms) ? "–" : formats.value[style].format(ms);
}

const numbers = new Map<string, Intl.NumberFormat>();

/** A number with so many decimals. */
export function number(value: number | null | undefined, decimals = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const key = `${locale.value} ${decimals}`;
  let format = numbers.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale.value, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      useGrouping: Math.abs(value) >= 10_000 ? "always" : false,
    });
    if (Math.abs(value) < 10_000) numbers.set(key, format);
  }
  return format.format(value);
}

/** A field as the device sent it, with the reader's decimal sign; what is no number stays as it is. */
export function field(reading: { raw?: string | null; value: number | null } | undefined): string {
  if (!reading) return "–";
  const raw = String(reading.raw ?? "").trim() || (reading.value === null || reading.value === undefined ? "" : String(reading.value));
  if (!raw) return "–";
  return PLAIN.test(raw) && language.value === "fr" ? raw.replace(".", ",") : raw;
}

/** A UCUM unit in the signs that people know. */
export function unit(ucum: string | null | undefined): string {
  return ucum ? (UNITS[ucum] ?? ucum) : "";
}

const two = (value: number) => String(value).padStart(2, "0");

/** A length of time, at most two of its units. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} ${words().units.day} ${Math.floor((s % 86_400) / 3600)} h`;
}

/** The time of day, with the day where it is not of these hours. */
export function clockTime(ms: number | null, now: number): string {
  if (ms === null) return words().unknownTime;
  return date(ms, Math.abs(now - ms) < (20 / 24) * DAY_MS ? "clock" : "full");
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 1 << 20 ? `${number(count / 1024, 0)} KiB` : `${number(count / (1 << 20), 1)} MiB`;
}

export function percent(share: number, decimals = 0): string {
  return `${number(share * 100, decimals)} %`;
}
