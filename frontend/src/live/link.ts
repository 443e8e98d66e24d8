// The connection to the server's event stream: opened, watched, opened again.

import { signal } from "@preact/signals";
import { reasonOf } from "../api";
import type { Facts } from "../facts";
import { forgetTimes, hearTime, knowsTime, serverNow, tick } from "./clock";
import { hearFacts, whole } from "./gateways";
import type { Trouble } from "./staleness";

const SILENCE_MS = 12_000;
const WAIT_MS = { first: 1000, most: 8000, factor: 1.6 };
const TICK_MS = 500;

export type LinkState = "opening" | "open" | "lost";

export const link = signal<LinkState>("opening");
export const lostAt = signal<number | null>(null);
const NO_TROUBLE: Trouble = { code: "", words: "" };
/** Whether the server takes in data, why not, and how many gateways it knows. */
export const server = signal<{ ok: boolean; trouble: Trouble; gateways: number | null }>({ ok: true, trouble: NO_TROUBLE, gateways: null });
export const timeKnown = signal(false);
/** Counts how often a server that is there would not open the stream: it may want a sign-in. */
export const refused = signal(0);

/** What `/ward` told: the stream goes on behind it. */
let since = 0;
let source: EventSource | null = null;
let heardAt = 0;
let wait = WAIT_MS.first;
let timer = 0;
let ticking = 0;
let news: Facts[] = [];

interface Status {
  now?: string;
  ok: boolean;
  code?: string | null;
  reason?: string | null;
  gateways?: number | null;
}

const troubleOf = ({ code, reason }: Status): Trouble => ({ code: code ?? "", words: reason ?? "" });

function hear(stamp: string | undefined): void {
  heardAt = performance.now();
  wait = WAIT_MS.first;
  hearTime(stamp);
  timeKnown.value = knowsTime();
  lostAt.value = null;
  link.value = "open";
}

/** News are drawn once a screen frame, however many come. */
function onGateway(message: MessageEvent<string>): void {
  const facts = JSON.parse(message.data) as Facts;
  hear(facts.now);
  if (news.push(whole(facts)) > 1) return;
  if (document.hidden) takeNews();
  else requestAnimationFrame(takeNews);
}

function takeNews(): void {
  const taken = news;
  news = [];
  hearFacts(taken);
  tick();
}

function onClock(message: MessageEvent<string>): void {
  const status = JSON.parse(message.data) as Status;
  hear(status.now);
  server.value = { ok: status.ok, trouble: troubleOf(status), gateways: status.gateways ?? null };
  if (document.hidden) takeNews();
}

function lose(): void {
  lostAt.value ??= serverNow();
  link.value = "lost";
}

function open(): void {
  clearTimeout(timer);
  source?.close();
  forgetTimes();
  heardAt = performance.now();
  const made = new EventSource(since ? `/api/v1/stream?since=${since}` : "/api/v1/stream");
  since = 0;
  source = made;
  made.addEventListener("gateway", onGateway);
  made.addEventListener("clock", onClock);
  made.addEventListener("error", () => {
    lose();
    if (made.readyState === EventSource.CLOSED) retryLater();
  });
}

/** A refused stream ends for good in the browser's eyes: ask why, and open it anew. */
function retryLater(): void {
  clearTimeout(timer);
  timer = window.setTimeout(open, wait);
  wait = Math.min(wait * WAIT_MS.factor, WAIT_MS.most);
  fetch("/healthz", { cache: "no-store" })
    .then((answer) => answer.json() as Promise<Status>)
    .then((status) => {
      server.value = { ...server.value, trouble: troubleOf(status) };
      refused.value++;
    })
    .catch(() => (server.value = { ...server.value, trouble: NO_TROUBLE }));
}

function beat(): void {
  tick();
  if (performance.now() - heardAt < SILENCE_MS) return;
  lose();
  open();
}

export function listening(): boolean {
  return ticking !== 0;
}

/** Begin to listen, behind the change that is known; once for the life of the page. */
export function connect(change = 0): void {
  if (ticking) return;
  since = change;
  open();
  ticking = window.setInterval(beat, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}

/** Do what the page cannot begin without, again and again until the server answers. */
export function waitFor(work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    if (link.value !== "open") lose();
    server.value = { ...server.value, trouble: { code: "", words: reasonOf(error) } };
    setTimeout(() => waitFor(work), WAIT_MS.first);
  });
}

/** Stop listening, as when the session has ended. */
export function disconnect(): void {
  clearInterval(ticking);
  clearTimeout(timer);
  ticking = 0;
  source?.close();
  source = null;
  document.removeEventListener("visibilitychange", tick);
}
