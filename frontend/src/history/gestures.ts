// Fingers, mouse and wheel on the plots: move, scale, set the mark.

import type uPlot from "uplot";
import type { Span } from "./data";
import { moved, scaled } from "./view";

const CLICK_PX = 4;
const WHEEL = 0.0022;

export interface Hand {
  plot: () => uPlot | undefined;
  view: () => Span;
  show: (view: Span) => void;
  click: (time: number) => void;
}

/** Listen on `root`; the function that ends it. */
export function handle(root: HTMLElement, hand: Hand): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let begun: { view: Span; at: number; gap: number } | null = null;
  let travelled = 0;

  const width = () => hand.plot()?.over.clientWidth || 1;
  const timeAt = (x: number, view: Span) => {
    const box = hand.plot()?.over.getBoundingClientRect();
    return view.from + ((x - (box?.left ?? 0)) / width()) * (view.to - view.from);
  };
  const middle = () => [...down.values()].reduce((sum, one) => sum + one.x, 0) / Math.max(1, down.size);
  const gap = () => {
    const xs = [...down.values()].map((one) => one.x);
    return down.size > 1 ? Math.max(24, Math.max(...xs) - Math.min(...xs)) : 0;
  };
  const begin = () => {
    const view = hand.view();
    begun = down.size ? { view, at: timeAt(middle(), view), gap: gap() } : null;
  };

  const onDown = (event: PointerEvent) => {
    if (event.button > 0 || !(event.target as Element).closest(".u-over")) return;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    travelled = down.size > 1 ? Infinity : 0;
    begin();
  };
  const onMove = (event: PointerEvent) => {
    const last = down.get(event.pointerId);
    if (!last || !begun) return;
    travelled += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y) / 4;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (travelled <= CLICK_PX) return;
    if (!root.hasPointerCapture(event.pointerId)) root.setPointerCapture(event.pointerId);
    const { view, at } = begun;
    const factor = begun.gap && gap() ? begun.gap / gap() : 1;
    const next = scaled(view, factor, at);
    hand.show(moved(next, at - timeAt(middle(), next)));
  };
  const onUp = (event: PointerEvent) => {
    if (!down.delete(event.pointerId)) return;
    if (root.hasPointerCapture(event.pointerId)) root.releasePointerCapture(event.pointerId);
    if (event.type === "pointerup" && travelled <= CLICK_PX) hand.click(timeAt(event.clientX, hand.view()));
    begin();
  };
  const onWheel = (event: WheelEvent) => {
    if (!(event.target as Element).closest(".u-over")) return;
    const view = hand.view();
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    if (sideways && !event.ctrlKey) hand.show(moved(view, (event.deltaX / width()) * (view.to - view.from)));
    else hand.show(scaled(view, Math.exp((event.deltaY || event.deltaX) * WHEEL), timeAt(event.clientX, view)));
  };
  const onDouble = (event: MouseEvent) => {
    if (!(event.target as Element).closest(".u-over")) return;
    hand.show(scaled(hand.view(), 0.4, timeAt(event.clientX, hand.view())));
  };

  const kinds: [string, (event: never) => void, AddEventListenerOptions?][] = [
    ["pointerdown", onDown],
    ["pointermove", onMove],
    ["pointerup", onUp],
    ["pointercancel", onUp],
    ["wheel", onWheel, { passive: false }],
    ["dblclick", onDouble],
  ];
  for (const [kind, listener, options] of kinds) root.addEventListener(kind, listener as EventListener, options);
  return () => {
    for (const [kind, listener] of kinds) root.removeEventListener(kind, listener as EventListener);
  };
}
