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
  private view: Span | null = null;

  constructor(private readonly scene: Scene) {}

  add(panel: Panel, plot: uPlot): () => void {
    this.plots.set(panel.key, { panel, plot });
    this.fill(panel, plot);
    return () => {
      this.plots.delete(panel.key);
      plot.destroy();
    };
  }

  addLanes(plot: uPlot): () => void {
    this.lanes = plot;
    return () => {
      this.lanes = null;
      plot.destroy();
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
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      // While the view moves, what is not on the screen need not move with it.
      for (const plot of this.all()) if (onScreen(plot)) this.scale(plot, this.view ?? view);
    });
  }

  /** Show the same in the plots that are not on the screen too. */
  settle(): void {
    for (const plot of this.all()) {
      const shown = this.shownBy(plot);
      if (this.view && shown && (shown.from !== Math.round(this.view.from) || shown.to !== Math.round(this.view.to))) this.scale(plot, this.view);
    }
  }

  /** Take what was loaded from the scene. */
  refill(): void {
    for (const { panel, plot } of this.plots.values()) this.fill(panel, plot);
    this.lanes?.setSize({ width: this.lanes.width, height: heightOf(this.scene) });
    for (const plot of this.all()) {
      const shown = this.view ?? this.shownBy(plot);
      if (shown) this.scale(plot, shown);
    }
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

function onScreen(plot: uPlot): boolean {
  const { top, bottom } = plot.root.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
