// Which signals are drawn where. A colour is a name of style/tokens.css.

export interface Trace {
  name: string;
  colour: string;
  /** The right axis. */
  right?: boolean;
  /** The set point that belongs to it. */
  setting?: string;
}

export interface Panel {
  key: string;
  traces: readonly Trace[];
  /** Of the plot, in CSS pixels. */
  height: number;
  /** The least that a vertical axis spans, left and right. */
  least: readonly [number, number];
  /** The axis begins at zero. */
  fromZero?: boolean;
  nights?: boolean;
}

export const PANELS: readonly Panel[] = [
  {
    key: "temperatures",
    height: 270,
    least: [2, 2],
    traces: [
      { name: "air_temperature", colour: "--air", setting: "air_temperature" },
      { name: "skin_temperature_central", colour: "--central", setting: "skin_temperature" },
      { name: "skin_temperature_peripheral", colour: "--peripheral" },
    ],
  },
  {
    key: "difference",
    height: 110,
    least: [1, 1],
    fromZero: true,
    traces: [{ name: "skin_temperature_difference", colour: "--second" }],
  },
  {
    key: "humidity",
    height: 130,
    least: [20, 6],
    traces: [
      { name: "relative_humidity", colour: "--central", setting: "relative_humidity" },
      { name: "oxygen_concentration", colour: "--air", setting: "oxygen_concentration", right: true },
    ],
  },
  {
    key: "surroundings",
    height: 150,
    least: [100, 20],
    nights: true,
    traces: [
      { name: "light_level", colour: "--air" },
      { name: "noise_level", colour: "--peripheral", right: true },
    ],
  },
];

const COLOURS = ["--central", "--air", "--peripheral", "--second"];

/** A panel of its own for a signal that the reader asked for. */
export function panelOf(name: string, index: number): Panel {
  return {
    key: `more:${name}`,
    height: 120,
    least: [1, 1],
    traces: [{ name, colour: COLOURS[index % COLOURS.length]!, setting: name }],
  };
}

export const STANDARD = new Set(PANELS.flatMap((panel) => panel.traces.map((trace) => trace.name)));
