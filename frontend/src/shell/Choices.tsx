import { tellLanguage } from "../access/me";
import { type Language, language, speak, words } from "../words/language";
import { dress, type Theme, theme } from "./theme";

/** The switches of language and appearance. */
export function Choices() {
  const w = words();
  const themes: [Theme, string][] = [
    ["auto", w.theme.auto],
    ["light", w.theme.light],
    ["dark", w.theme.dark],
  ];
  return (
    <div class="choices">
      <select aria-label={w.language} value={language.value} onChange={(event) => choose(event.currentTarget.value as Language)}>
        <option value="en">English</option>
        <option value="fr">Français</option>
      </select>
      <select aria-label={w.theme.label} value={theme.value} onChange={(event) => dress(event.currentTarget.value as Theme)}>
        {themes.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

function choose(wanted: Language): void {
  speak(wanted);
  tellLanguage(wanted);
}
