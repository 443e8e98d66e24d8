// The catalog's names in the reader's language. A name that is not here is shown as it is written.

import { language, words } from "./language";

const NAMES: Record<string, readonly [string, string]> = {
  air_temperature: ["Air", "Air"],
  skin_temperature_central: ["Skin, central", "Peau, centrale"],
  skin_temperature_peripheral: ["Skin, periph.", "Peau, périph."],
  skin_temperature: ["Skin", "Peau"],
  skin_temperature_difference: ["Skin difference", "Écart cutané"],
  relative_humidity: ["Humidity", "Humidité"],
  oxygen_concentration: ["Oxygen", "Oxygène"],
  convective_heater_power: ["Heater", "Chauffage"],
  radiant_warmer_power: ["Radiant warmer", "Rampe chauffante"],
  mattress_temperature: ["Mattress", "Matelas"],
  light_level: ["Light", "Lumière"],
  noise_level: ["Noise", "Bruit"],
  body_weight: ["Weight", "Poids"],
  body_weight_date: ["Date of weight", "Date du poids"],
  body_weight_age: ["Age of weight", "Âge du poids"],
  phototherapy_duration: ["Phototherapy", "Photothérapie"],
  phototherapy_irradiance: ["Irradiance", "Éclairement énergétique"],
  weight_age: ["Age of weight", "Âge du poids"],
  spo2: ["SpO₂", "SpO₂"],
  oxygen_saturation: ["SpO₂", "SpO₂"],
  pulse_rate: ["Pulse", "Pouls"],
  perfusion_index: ["Perfusion", "Perfusion"],
};

export function nameOf(name: string): string {
  const plain = name.replace(/_setting$/, "");
  const known = NAMES[plain];
  if (known) return known[language.value === "fr" ? 1 : 0];
  const text = plain.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A reading's or setting's label; a code that no table names for this device is said to be unknown. */
export function labelOf(item: { name: string | null; codepage?: number | null; code: string }): string {
  if (item.name) return nameOf(item.name);
  // Readings lie on a code page, settings do not.
  return item.codepage ? words().unknownCode(`${item.codepage}:${item.code}`) : words().unknownSetting(item.code);
}
