// What a tile shows, and against which set point.

import type { Facts, Reading, Setting } from "../facts";

export interface Quantity {
  name: string;
  setting?: string;
}

export interface Shown {
  key: string;
  name: string | null;
  codepage: number | null;
  code: string;
  reading?: Reading;
  setting?: Setting;
}

export const MAIN: readonly Quantity[] = [
  { name: "air_temperature", setting: "air_temperature_setting" },
  { name: "skin_temperature_central", setting: "skin_temperature_setting" },
  { name: "skin_temperature_peripheral" },
];

export const MORE: readonly Quantity[] = [
  { name: "relative_humidity", setting: "relative_humidity_setting" },
  { name: "oxygen_concentration", setting: "oxygen_concentration_setting" },
  { name: "light_level" },
  { name: "noise_level" },
];

const HIDDEN = new Set(["body_weight_date"]);

export function shown(quantities: readonly Quantity[], facts: Facts): Shown[] {
  return quantities.map(({ name, setting }) => ({
    key: name,
    name,
    codepage: null,
    code: "",
    reading: facts.readings.find((reading) => reading.name === name),
    setting: setting ? facts.settings.find((one) => one.name === setting) : undefined,
  }));
}

/** What the incubator sends besides `taken`, codes without a name and set points alone included. */
export function others(facts: Facts, taken: readonly Shown[]): Shown[] {
  const done = new Set<Reading | Setting | undefined>(taken.flatMap((one) => [one.reading, one.setting]));
  const found: Shown[] = [];
  for (const reading of facts.readings) {
    if (done.has(reading) || HIDDEN.has(reading.name ?? "")) continue;
    const setting = reading.name ? facts.settings.find((one) => one.name === `${reading.name}_setting`) : undefined;
    done.add(setting);
    const { name, code, codepage = null } = reading;
    found.push({ key: `${codepage}:${code}`, name, codepage, code, reading, setting });
  }
  for (const setting of facts.settings) {
    if (done.has(setting)) continue;
    found.push({ key: `s:${setting.code}`, name: setting.name, codepage: null, code: setting.code, setting });
  }
  return found;
}
