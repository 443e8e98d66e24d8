// The state of one history: what is seen, what is loaded for it, what it is compared with.

import { batch, computed, effect, signal } from "@preact/signals";
import { reasonOf } from "../api";
import { now, serverNow } from "../live/clock";
import { refine, route } from "../route";
import { Charts } from "./charts";
import type { Span } from "./data";
import { load, remembered, type Loaded, type Wish } from "./load";
import type { Limit, Scene } from "./paint";
import { type Panel, PANELS, panelOf, STANDARD } from "./panels";
import { covers, DAY, HOUR, LENGTHS, lengthOf, reaches, SECOND, wanted } from "./view";

/** How long several wishes for data wait for one another. */
const SETTLE_MS = 90;
const ADDRESS_MS = 400;
/** The reader's hand rests when it has not moved for so long: only then finer data is fetched. */
const REST_MS = 120;

export interface Comparison {
  /** Another incubator; empty for the same one. */
  gateway: string;
  /** How much earlier the other time is, ms. */
  earlier: number;
}

export class History {
  readonly view = signal<Span>({ from: 0, to: 1 });
  /** The view once it has come to rest: what is costly to work out goes by it. */
  readonly rested = signal<Span>({ from: 0, to: 1 });
  readonly following = signal(true);
  readonly comparison = signal<Comparison | null>(null);
  readonly extra = signal<readonly string[]>([]);
  readonly cursor = signal<number | null>(null);
  readonly mark = signal<number | null>(null);
  readonly trouble = signal("");
  readonly loading = signal(false);
  /** Counts what was taken into the scene. */
  readonly loaded = signal(0);
  readonly scene: Scene = { main: null, other: null, seen: { from: 0, to: 0 }, limits: [], mark: null };
  readonly charts = new Charts(this.scene);
  readonly panels = computed(() => [...PANELS, ...this.extra.value.map(panelOf)]);
  private timer = 0;
  private addressTimer = 0;
  private restTimer = 0;
  private taken = 0;
  private due = 0;
  private flight: AbortController | null = null;
  /** What the flight brings. */
  private awaited: Span | null = null;
  private freshAt = 0;
  private width = 900;
  private readonly ends: (() => void)[] = [];

  constructor(readonly gateway: string) {
    this.read(route.peek().query);
    this.rested.value = this.view.value;
    this.ends.push(
      effect(() => {
        if (this.following.value) this.follow(now.value);
      }),
    );
  }

  close(): void {
    for (const end of this.ends) end();
    clearTimeout(this.timer);
    clearTimeout(this.addressTimer);
    clearTimeout(this.restTimer);
    this.flight?.abort();
  }

  resize(width: number): void {
    this.width = width;
    this.charts.resize(width);
    this.settle();
  }

  /** Whether a panel has nothing to draw, as of a device that does not measure it. */
  isEmpty(panel: Panel): boolean {
    void this.loaded.value;
    const main = this.scene.main;
    return main !== null && panel.traces.every((trace) => !main.columns.signals.get(trace.name)?.mean.some((value) => value !== null));
  }

  limit(limits: readonly Limit[]): void {
    this.scene.limits = limits;
  }

  /** Show a stretch of time by the reader's own hand. */
  show(view: Span): void {
    const latest = serverNow() + lengthOf(view) * 0.5;
    const by = Math.max(0, view.to - latest);
    this.following.value = false;
    this.put({ from: view.from - by, to: view.to - by });
    this.note();
  }

  /** Show the last `length` ms, and go on with the time. */
  last(length: number): void {
    this.following.value = true;
    const to = serverNow();
    this.put({ from: to - length, to });
    this.note();
  }

  measure(time: number | null): void {
    this.mark.value = time;
    this.scene.mark = time;
    this.charts.redraw();
  }

  compare(with_: Comparison | null): void {
    this.comparison.value = with_;
    this.reload();
    this.note();
  }

  draw(names: readonly string[]): void {
    this.extra.value = names.filter((name) => !STANDARD.has(name));
    this.reload();
    this.note();
  }

  reload(): void {
    this.flight?.abort();
    this.flight = this.awaited = null;
    this.scene.main = null;
    this.scene.other = null;
    this.take(this.scene.main, null);
    this.settle(0);
  }

  private follow(time: number): void {
    const view = this.view.peek();
    const length = lengthOf(view);
    // A step of less than a pixel is not seen.
    if (time - view.to < length / this.width) return;
    this.put({ from: time - length, to: time });
  }

  private put(view: Span): void {
    this.view.value = view;
    this.charts.show(view);
    clearTimeout(this.restTimer);
    this.restTimer = window.setTimeout(() => this.rest(), REST_MS);
    const span = this.scene.main?.span;
    // On the move what is there is drawn; only where it ends, more is fetched at once.
    if (!span || !reaches(span, view, serverNow())) this.settle();
  }

  /** The view has come to rest: finer data, and what is costly to work out. */
  private rest(): void {
    this.restTimer = 0;
    this.charts.settle();
    batch(() => {
      this.rested.value = this.view.peek();
      if (this.taken !== this.loaded.peek()) this.loaded.value = this.taken;
    });
    this.settle(0);
  }

  /** See to it, within `wait` ms, that what is loaded does for the view. */
  private settle(wait = SETTLE_MS): void {
    const view = this.view.peek();
    const main = this.scene.main;
    const stale = this.following.peek() && performance.now() - this.freshAt > Math.max(5 * SECOND, lengthOf(view) / 400);
    if (main && !stale && covers(main.span, view, serverNow())) return;
    const due = performance.now() + wait;
    if (this.timer && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.fetch();
    }, wait);
  }

  private async fetch(): Promise<void> {
    const view = this.view.peek();
    // On the move one answer after the other; at rest what is on its way is let go if it does not fit.
    if (this.flight && (this.restTimer || (this.awaited && covers(this.awaited, view, serverNow())))) return;
    const span = wanted(view, serverNow());
    const points = Math.ceil((this.width * 0.8 * lengthOf(span)) / lengthOf(view));
    const names = this.panels.peek().flatMap((panel) => panel.traces.map((trace) => trace.name));
    const main: Wish = { gateway: this.gateway, names, span, points, shift: 0 };
    const with_ = this.comparison.peek();
    const other: Wish | null = with_ && { ...main, gateway: with_.gateway || this.gateway, shift: with_.earlier };
    this.flight?.abort();
    const flight = new AbortController();
    this.flight = flight;
    this.awaited = span;
    this.loading.value = true;
    try {
      const one = (wish: Wish) => remembered(wish) ?? load(wish, serverNow(), flight.signal);
      const [mine, theirs] = await Promise.all([one(main), other && one(other)]);
      this.freshAt = performance.now();
      this.trouble.value = "";
      this.take(mine, theirs);
    } catch (error) {
      if (flight.signal.aborted) return;
      this.trouble.value = reasonOf(error);
      this.freshAt = performance.now();
    } finally {
      if (this.flight === flight) {
        this.flight = this.awaited = null;
        this.loading.value = false;
      }
    }
    if (!this.restTimer) this.settle(2 * SECOND);
    else if (!reaches(span, this.view.peek(), serverNow())) this.settle();
  }

  private take(main: Loaded | null, other: Loaded | null): void {
    this.scene.main = main;
    this.scene.other = other;
    const { from, to } = this.view.peek();
    this.scene.seen = { from: from - (to - from) / 4, to: to + (to - from) / 4 };
    this.charts.refill(this.restTimer !== 0);
    this.taken++;
    if (!this.restTimer) this.loaded.value = this.taken;
  }

  private read(query: URLSearchParams): void {
    const length = Number(query.get("last")) || 0;
    const [from, to] = ["from", "to"].map((key) => Date.parse(query.get(key) ?? ""));
    const time = serverNow();
    if (Number.isFinite(from) && Number.isFinite(to) && to! > from!) {
      this.following.value = false;
      this.view.value = { from: from!, to: to! };
    } else {
      const kept = LENGTHS.includes(length * SECOND) ? length * SECOND : 6 * HOUR;
      this.view.value = { from: time - kept, to: time };
    }
    this.extra.value = (query.get("more") ?? "").split(",").filter((name) => /^[a-z0-9_]{1,60}$/.test(name) && !STANDARD.has(name));
    const gateway = query.get("with") ?? "";
    const earlier = Number(query.get("earlier")) || 0;
    if (gateway || earlier > 0) this.comparison.value = { gateway, earlier: Math.min(earlier * SECOND, 400 * DAY) };
  }

  /** Write what is seen into the address, so that it can be kept and sent on. */
  private note(): void {
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(() => {
      const view = this.view.peek();
      const with_ = this.comparison.peek();
      const query: Record<string, string> = {};
      if (this.following.peek()) query.last = String(Math.round(lengthOf(view) / SECOND));
      else Object.assign(query, { from: new Date(view.from).toISOString(), to: new Date(view.to).toISOString() });
      if (this.extra.peek().length) query.more = this.extra.peek().join(",");
      if (with_?.gateway) query.with = with_.gateway;
      if (with_?.earlier) query.earlier = String(with_.earlier / SECOND);
      refine(query);
    }, ADDRESS_MS);
  }
}
