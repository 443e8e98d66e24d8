// All plots of one history together: one time axis, one cursor, one redraw a screen frame.

import type uPlot from "uplot";
import type { Columns, Span } from "./data";
import { heightOf } from "./lanes";
import type { Scene } from "./paint";
import type { Panel } from "./panels";
import { tableOf } from "./plot";

export class Charts {
  private readonly plots = new Map<string, { panel: Panel; plot: uPlot }>();
  private lanes: uPlot | null = null;
  private asked = 0;
  /** Whether the next screen frame draws the plots that are not on the screen too. */
  private whole = false;
  private view: Span | null = null;
  /** The plots that do not have yet what was loaded last. */
  private readonly due = new Set<uPlot>();
  /** The plots on the screen, as the browser tells without being made to work out the layout. */
  private readonly seen = new Set<Element>();
  private readonly watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.seen.add(target);
      else this.seen.delete(target);
    }
  });

  constructor(private readonly scene: Scene) {}

  add(panel: Panel, plot: uPlot): () => void {
    this.plots.set(panel.key, { panel, plot });
    this.fill(panel, plot);
    const leave = this.watch(plot);
    return () => {
      this.plots.delete(panel.key);
      leave();
    };
  }

  addLanes(plot: uPlot): () => void {
    this.lanes = plot;
    const leave = this.watch(plot);
    return () => {
      this.lanes = null;
      leave();
    };
  }

  /** The first plot, to compute places with. */
  get any(): uPlot | undefined {
    return this.plots.values().next().value?.plot ?? this.lanes ?? undefined;
  }

  get canvases(): HTMLCanvasElement[] {
    return this.all().map((plot) => plot.ctx.canvas);
  }

  /** Show a stretch of time with the next screen frame. */
  show(view: Span): void {
    this.view = view;
    this.ask();
  }

  /** Take what was loaded from the scene, with the next screen frame; `moving`: the view moves. */
  refill(moving: boolean): void {
    for (const plot of this.all()) this.due.add(plot);
    this.whole = !moving;
    this.ask();
  }

  /** The same in the plots that are not on the screen too. */
  settle(): void {
    for (const plot of this.all()) {
      const shown = this.shownBy(plot);
      const other = this.view && shown && (shown.from !== Math.round(this.view.from) || shown.to !== Math.round(this.view.to));
      if (other || this.due.has(plot)) this.draw(plot);
    }
  }

  private ask(): void {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      const whole = this.whole;
      this.whole = false;
      // While the view moves, what is not on the screen need not move with it.
      for (const plot of this.all()) if (whole || this.seen.has(plot.root)) this.draw(plot);
    });
  }

  private watch(plot: uPlot): () => void {
    this.watcher.observe(plot.root);
    return () => {
      this.watcher.unobserve(plot.root);
      this.seen.delete(plot.root);
      this.due.delete(plot);
      plot.destroy();
    };
  }

  /** Draw a plot once, with what is loaded and what is to be seen. */
  private draw(plot: uPlot): void {
    if (this.due.delete(plot)) {
      const panel = [...this.plots.values()].find((one) => one.plot === plot)?.panel;
      if (panel) this.fill(panel, plot);
      else this.fit(plot);
    }
    const shown = this.view ?? this.shownBy(plot);
    if (shown) this.scale(plot, shown);
  }

  /** As high as the lanes of what is loaded. */
  private fit(lanes: uPlot): void {
    const height = heightOf(this.scene);
    if (height !== lanes.height) lanes.setSize({ width: lanes.width, height });
  }

  redraw(): void {
    for (const plot of this.all()) plot.redraw(false, true);
  }

  resize(width: number): void {
    for (const plot of this.all()) plot.setSize({ width, height: plot.height });
  }

  /** Put the cursor of all plots at a time. */
  point(time: number): void {
    for (const plot of this.all()) plot.setCursor({ left: plot.valToPos(time, "x"), top: 10 }, plot === this.any);
  }

  private all(): uPlot[] {
    const plots = [...this.plots.values()].map(({ plot }) => plot);
    return this.lanes ? [...plots, this.lanes] : plots;
  }

  /** Give a plot its columns; they are drawn when its scale is set. */
  private fill(panel: Panel, plot: uPlot): void {
    const columns = (loaded: { columns: Columns } | null) => loaded?.columns ?? null;
    plot.setData(tableOf(panel, columns(this.scene.main), columns(this.scene.other)) as uPlot.AlignedData, false);
  }

  private scale(plot: uPlot, { from, to }: Span): void {
    plot.setScale("x", { min: Math.round(from), max: Math.round(to) });
  }

  /** The time axis of a plot; null before it was drawn first. */
  private shownBy(plot: uPlot): Span | null {
    const { min, max } = plot.scales.x ?? {};
    return typeof min === "number" && typeof max === "number" ? { from: min, to: max } : null;
  }
}
