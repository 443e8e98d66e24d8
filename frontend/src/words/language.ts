import { computed, signal } from "@preact/signals";
import { en, type Words } from "./en";
import { fr } from "./fr";

export type Language = "en" | "fr";

const DICTIONARIES: Record<Language, Words> = { en, fr };
const KEY = "neonat.language";

/** The first of the browser's languages that there is, else English. */
export function preferred(languages: readonly string[]): Language {
  for (const tag of languages) {
    const found = tag.slice(0, 2).toLowerCase();
    if (found === "en" || found === "fr") return found;
  }
  return "en";
}

function initial(): Language {
  const kept = globalThis.localStorage?.getItem(KEY);
  if (kept === "en" || kept === "fr") return kept;
  return preferred(globalThis.navigator?.languages ?? ["en"]);
}

export const language = signal<Language>(initial());
export const locale = computed(() => (language.value === "fr" ? "fr-FR" : "en-GB"));
const dictionary = computed(() => DICTIONARIES[language.value]);

/** The words of the language in force; a component that calls it follows a switch. */
export function words(): Words {
  return dictionary.value;
}

/** Whether the reader has chosen a language in this browser. */
export function chosen(): boolean {
  return Boolean(globalThis.localStorage?.getItem(KEY));
}

export function speak(wanted: Language): void {
  language.value = wanted;
  globalThis.localStorage?.setItem(KEY, wanted);
}
