import { afterEach, expect, test } from "vitest";
import { timeIn, timeText } from "../src/words/entered";
import { date, duration, field, number } from "../src/words/format";
import { language, preferred } from "../src/words/language";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";
import { notedIn } from "../src/words/noted";
import { explained, modeOf } from "../src/words/phrases";

afterEach(() => {
  language.value = "en";
});

test("the first language that there is wins, else English", () => {
  expect(preferred(["de-DE", "fr-CA", "en"])).toBe("fr");
  expect(preferred(["EN-us"])).toBe("en");
  expect(preferred(["de", "it"])).toBe("en");
  expect(preferred([])).toBe("en");
});

test("a field keeps the digits of the device and gets the reader's decimal sign", () => {
  expect(field({ raw: " 33.30", value: 33.3 })).toBe("33.30");
  expect(field({ raw: "----", value: null })).toBe("----");
  expect(field({ raw: "", value: 7 })).toBe("7");
  expect(field(undefined)).toBe("–");
  language.value = "fr";
  expect(field({ raw: "33.3", value: 33.3 })).toBe("33,3");
  expect(field({ raw: "1.2.3", value: null })).toBe("1.2.3");
});

test("numbers, durations and dates", () => {
  expect(number(36.55, 1)).toBe("36.6");
  expect(number(null)).toBe("–");
  expect(duration(65_000)).toBe("1 min 05 s");
  expect(duration(90_061_000)).toBe("1 d 1 h");
  language.value = "fr";
  expect(number(36.55, 1)).toBe("36,6");
  expect(duration(90_061_000)).toBe("1 j 1 h");
  expect(date(Date.UTC(2026, 1, 3, 12), "month")).toBe("févr. 2026");
  expect(date(null, "clock")).toBe("–");
});

test("alarms are explained, unknown ones are not", () => {
  expect(explained("oxygen_module_inoperable")).toBe("Oxygen module inoperable");
  expect(explained("mystery")).toBe("");
  expect(explained(null)).toBe("");
  expect(modeOf("Air Mode")).toBe("Air Mode");
  language.value = "fr";
  expect(explained("air_temperature_high")).toBe("Température de l'air élevée");
  expect(modeOf("Air Mode")).toBe("Mode air");
  expect(modeOf("<img onerror>")).toBe("<img onerror>");
});

test("both languages have every word, and none is empty", () => {
  const leaves = (node: unknown, path = ""): string[] =>
    node !== null && typeof node === "object"
      ? Object.entries(node).flatMap(([key, value]) => leaves(value, `${path}.${key}`))
      : [`${path}:${typeof node}:${node === ""}`];
  expect(leaves(fr).filter((leaf) => leaf.endsWith("true"))).toEqual([]);
  expect(leaves(fr).sort()).toEqual(leaves(en).sort());
});

test("times are written day first in both languages, or as ISO 8601; what is none is none", () => {
  const at = new Date(2026, 10, 4, 16, 5).getTime();
  expect(timeText(at)).toBe("04/11/2026 16:05");
  for (const text of ["04/11/2026 16:05", "4/11/2026, 16:05", " 4.11.2026 16h05 ", "04/11/2026 à 16:05", "2026-11-04 16:05", "2026-11-04T16:05"]) expect(timeIn(text)).toBe(at);
  expect(timeIn("4/11/2026")).toBe(new Date(2026, 10, 4).getTime());
  for (const text of ["", "now", "31/02/2026 10:00", "11/24/2026 10:00", "04/11/2026 24:00", "04/11/2026 10:60", "04/11/26"]) expect(timeIn(text)).toBeNull();
});

test("what the audit trail keeps is told in the reader's words, what is not known as it came", () => {
  const details = { role: "operate", disabled: true, patient: null, plan: { 24: 1000 }, error: "this board has no WebREPL", odd: "x" };
  expect(notedIn(details)).toBe("role: operate, disabled: yes, plan: 24=1000, because: this board has no WebREPL, odd: x");
  language.value = "fr";
  expect(notedIn(details)).toBe("rôle : opérer, désactivé : oui, plan : 24=1000, raison : cette passerelle n’a pas de WebREPL, odd : x");
});
