// What the device's abbreviations stand for (the catalog's names, certainty in docs/user.md).
// Keyed by the words, as the frame brings them: a code alone means other things on other devices.

import { language } from "./language";

const PHRASES: Record<string, readonly [string, string]> = {
  "AIR TEMP HI": ["Air temperature high", "Température de l’air haute"],
  "AIR TEMP LOW": ["Air temperature low", "Température de l’air basse"],
  "AIR TEMP ERR": ["Air temperature sensor error", "Erreur du capteur de température de l’air"],
  "AMB TEMP ERR": ["Ambient temperature sensor error", "Erreur du capteur de température ambiante"],
  "INT.TMP.HIGH": ["Temperature inside the device high", "Température interne de l’appareil haute"],
  "AIR HTR INOP": ["Air heater not working", "Chauffage de l’air hors service"],
  "MAT HTR INOP": ["Mattress heater not working", "Chauffage du matelas hors service"],
  "RAD WRM INOP": ["Radiant warmer not working", "Rampe chauffante hors service"],
  "MAT TEMP HI": ["Mattress temperature high", "Température du matelas haute"],
  "MAT TEMP LO": ["Mattress temperature low", "Température du matelas basse"],
  "MAT TEMP ERR": ["Mattress temperature sensor error", "Erreur du capteur de température du matelas"],
  "CTEMP LOW": ["Central skin temperature low", "Température cutanée centrale basse"],
  "CTEMP HIGH": ["Central skin temperature high", "Température cutanée centrale haute"],
  "CTEMP ERR": ["Central skin temperature sensor error", "Erreur du capteur cutané central"],
  "PTEMP LOW": ["Peripheral skin temperature low", "Température cutanée périphérique basse"],
  "PTEMP HIGH": ["Peripheral skin temperature high", "Température cutanée périphérique haute"],
  "PTEMP ERR": ["Peripheral skin temperature sensor error", "Erreur du capteur cutané périphérique"],
  "DTEMP HIGH": ["Skin temperature difference large", "Écart de température cutanée grand"],
  "DTEMP LOW": ["Skin temperature difference small", "Écart de température cutanée petit"],
  "OXYGEN LOW": ["Oxygen concentration low", "Concentration d’oxygène basse"],
  "OXYGEN HIGH": ["Oxygen concentration high", "Concentration d’oxygène haute"],
  "O2 SENS ERR": ["Oxygen sensor error", "Erreur du capteur d’oxygène"],
  "O2 MOD INOP": ["Oxygen module not working", "Module d’oxygène hors service"],
  "NO OXYGEN": ["No oxygen", "Pas d’oxygène"],
  "HUMIDITY LOW": ["Humidity low", "Humidité basse"],
  "HUM INOP": ["Humidifier not working", "Humidificateur hors service"],
  "WATER LOW": ["Little water left", "Niveau d’eau bas"],
  "CHECK WATER": ["Check the water", "Vérifier l’eau"],
  "CHECK HOOD": ["Check the hood", "Vérifier le capot"],
  "CHECK WEAN": ["Check the weaning", "Vérifier le sevrage"],
  "WEANING FAIL": ["Weaning has failed", "Échec du sevrage"],
  "WEANING DONE": ["Weaning is done", "Sevrage terminé"],
  "WARM-UP DONE": ["Warm-up is done", "Préchauffage terminé"],
  "CHK PATIENT": ["Check the patient", "Vérifier le patient"],
  "NO CONFIRM": ["Not confirmed", "Pas de confirmation"],
  "LOSS OF DATA": ["Data lost in the device", "Perte de données dans l’appareil"],
  "SENS MOD ERR": ["Sensor module error", "Erreur du module capteurs"],
  "SPEAKER FAIL": ["Loudspeaker has failed", "Haut-parleur en panne"],
  "FAN ERR": ["Fan error", "Erreur du ventilateur"],
  "SYSTEM FAULT": ["Fault of the device", "Défaut de l’appareil"],
  "SPO2 LOW": ["Oxygen saturation low", "Saturation en oxygène basse"],
  "SPO2 HIGH": ["Oxygen saturation high", "Saturation en oxygène haute"],
  "SPO2 DESAT": ["Desaturation", "Désaturation"],
  "SPO2 PULS LO": ["Pulse rate low", "Fréquence de pouls basse"],
  "SPO2 PULS HI": ["Pulse rate high", "Fréquence de pouls haute"],
  "SPO2SEN DISC": ["Saturation sensor disconnected", "Capteur de saturation débranché"],
  "SPO2 ERR": ["Saturation measurement error", "Erreur de mesure de la saturation"],
  "SPO2 INTERFE": ["Saturation measurement disturbed", "Mesure de la saturation perturbée"],
  "SPO2 EXPSOON": ["Saturation sensor expires soon", "Capteur de saturation bientôt périmé"],
};

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

/** What a phrase stands for; empty when nobody has told. */
export function explained(phrase: string): string {
  const known = PHRASES[phrase.trim().replace(/\s+/g, " ")];
  return known ? known[language.value === "fr" ? 1 : 0] : "";
}

/** A mode in the reader's language; words that are not known stay the device's. */
export function modeOf(text: string): string {
  return (language.value === "fr" && MODES[text]) || text;
}
