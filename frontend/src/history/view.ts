// Which stretch of time is seen: moved and scaled by hand, or kept at the present.

import type { Span } from "./data";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const SHORTEST = 30 * SECOND;
export const LONGEST = 2 * 366 * DAY;

/** What the buttons offer. */
export const LENGTHS: readonly number[] = [15 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 14 * DAY, 60 * DAY, 180 * DAY];

export const lengthOf = (span: Span) => span.to - span.from;

/** `span` moved by so many ms. */
export function moved(span: Span, by: number): Span {
  return { from: span.from + by, to: span.to + by };
}

/** `span` made `factor` times as long around the time `at`, which stays where it is on the screen. */
export function scaled(span: Span, factor: number, at: number): Span {
  const length = Math.min(LONGEST, Math.max(SHORTEST, lengthOf(span) * factor));
  const share = (at - span.from) / lengthOf(span);
  const from = at - share * length;
  return { from, to: from + length };
}

/** What to load for a view: as much again on both sides, so that small moves need nothing new. */
export function wanted(span: Span, now: number): Span {
  const length = lengthOf(span);
  return { from: Math.round(span.from - length), to: Math.round(Math.min(span.to + length, Math.max(span.to, now + MINUTE))) };
}

/** Whether what is loaded fills a view, with some room at its sides. */
export function reaches(loaded: Span, view: Span, now: number): boolean {
  const room = lengthOf(view) * 0.15;
  return loaded.from <= view.from - room && loaded.to >= Math.min(view.to + room, now);
}

/** Whether what is loaded will do for a view: it fills it, and is fine enough. */
export function covers(loaded: Span, view: Span, now: number): boolean {
  return reaches(loaded, view, now) && lengthOf(loaded) <= lengthOf(view) * 5;
}

/** The nights (20 to 7 o'clock by the browser's zone) that a span touches. */
export function nights(span: Span): Span[] {
  if (lengthOf(span) > 45 * DAY) return [];
  const found: Span[] = [];
  const day = new Date(span.from - DAY);
  day.setHours(20, 0, 0, 0);
  while (day.getTime() < span.to) {
    const end = new Date(day);
    end.setDate(end.getDate() + 1);
    end.setHours(7, 0, 0, 0);
    if (end.getTime() > span.from) found.push({ from: day.getTime(), to: end.getTime() });
    day.setDate(day.getDate() + 1);
  }
  return found;
}
