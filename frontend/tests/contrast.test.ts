import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const css = readFileSync(fileURLToPath(new URL("../src/style/tokens.css", import.meta.url)), "utf8");

function block(selector: string): Record<string, string> {
  const body = css.slice(css.indexOf(`${selector} {`)).split("}")[0]!;
  return Object.fromEntries([...body.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]));
}

const day = block(":root");
const night = { ...day, ...block(':root[data-theme="dark"]') };

function light(hex: string): number {
  const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * parts[0]! + 0.7152 * parts[1]! + 0.0722 * parts[2]!;
}

function contrast(a: string, b: string): number {
  const [dark, bright] = [light(a), light(b)].sort((x, y) => x - y);
  return (bright! + 0.05) / (dark! + 0.05);
}

const GROUNDS = ["ground", "card", "sunk"];
const INKS = ["ink", "soft", "faint", "accent", "bad"];
const LINES = ["air", "central", "peripheral", "second"];
const PAIRS: [string, string][] = [
  ...INKS.flatMap((ink): [string, string][] => GROUNDS.map((ground) => [ink, ground])),
  ...LINES.map((line): [string, string] => [line, "card"]),
  ["accent-ink", "accent"],
  ["high-ink", "high"],
  ["medium-ink", "medium"],
  ["low-ink", "low"],
  ["warn-ink", "warn"],
  ["ink", "rule"],
];

for (const [name, palette] of Object.entries({ day, night })) {
  test(`texts of the ${name} have the contrast of WCAG AA`, () => {
    const poor = PAIRS.filter(([ink, ground]) => contrast(palette[ink]!, palette[ground]!) < 4.5);
    expect(poor.map((pair) => pair.join(" on "))).toEqual([]);
  });
  test(`signs and edges of the ${name} have 3 to 1`, () => {
    const poor = ["good", "edge", "high"].filter((sign) => contrast(palette[sign]!, palette.card!) < 3);
    expect(poor).toEqual([]);
  });
}
