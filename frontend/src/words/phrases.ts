// The device's words in the reader's language. alarms.json is the server's own table
// (neonat.web.words), by the names of the code tables; a test holds the two together.

import alarms from "./alarms.json";
import { language } from "./language";

const MODES: Record<string, string> = {
  "Test Mode": "Mode test",
  "Air Mode": "Mode air",
  "Skin Mode": "Mode peau",
  "Manual Mode": "Mode manuel",
  "Kangaroo Mode": "Mode kangourou",
  "Warm-up Mode": "Mode préchauffage",
  "Weaning Mode": "Mode sevrage",
  "Cooling Mode": "Mode refroidissement",
  "Open Care Therapy": "Soins ouverts",
  "Closed Care Therapy": "Soins fermés",
  "Oxygen Control active": "Régulation d’oxygène active",
  "Humidity Control active": "Régulation d’humidité active",
  "Mattress Temp Control active": "Régulation du matelas active",
};

const ALARMS: Record<string, Record<string, string>> = alarms;

/** What the name that a code table gives an alarm says; empty when it has none. */
export function explained(name: string | null | undefined): string {
  return (name && ALARMS[name]?.[language.value]) || "";
}

/** A mode in the reader's language; words that are not known stay the device's. */
export function modeOf(text: string): string {
  return (language.value === "fr" && MODES[text]) || text;
}
