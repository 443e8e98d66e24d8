import { signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const KEY = "neonat.theme";
const kept = globalThis.localStorage?.getItem(KEY);

export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");

/** Counts changes of the colours in force: a canvas has to be drawn anew. */
export const colours = signal(0);

const night = globalThis.matchMedia?.("(prefers-color-scheme: dark)");

function apply(): void {
  const chosen = theme.value === "auto" ? (night?.matches ? "dark" : "light") : theme.value;
  document.documentElement.dataset.theme = chosen;
  colours.value++;
}

export function dress(wanted: Theme): void {
  theme.value = wanted;
  localStorage.setItem(KEY, wanted);
  apply();
}

export function watchTheme(): void {
  apply();
  night?.addEventListener("change", apply);
}
