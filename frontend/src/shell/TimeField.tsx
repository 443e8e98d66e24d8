import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { timeIn, timeText } from "../words/entered";
import { words } from "../words/language";

interface TimeFieldProps {
  /** What a screen reader calls it where no label stands around it. */
  label?: string;
  name?: string;
  /** UTC ms; without it the field belongs to its form. */
  value?: number;
  set?: (time: number) => void;
}

/** Local time as `datetime-local` has it. */
const native = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** A time to write as the page's language does, where the browser's own field follows the browser's. */
export function TimeField({ label, name, value, set }: TimeFieldProps) {
  const w = words().time;
  const field = useRef<HTMLInputElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  // What is being written is not written over by the time that goes on.
  const draft = useSignal<string | null>(null);
  const take = (input: HTMLInputElement) => {
    const time = timeIn(input.value);
    const wrong = time === null && (input.value.trim() !== "" || value !== undefined);
    input.setCustomValidity(wrong ? w.wrong : "");
    if (wrong) input.reportValidity();
    else draft.value = null;
    if (time !== null) set?.(time);
  };
  const pick = () => {
    const [text, calendar] = [field.current, picker.current];
    if (!text || !calendar) return;
    calendar.value = native(timeIn(text.value) ?? Date.now());
    calendar.showPicker();
  };
  const picked = (calendar: HTMLInputElement) => {
    const time = new Date(calendar.value).getTime();
    if (!field.current || !Number.isFinite(time)) return;
    field.current.value = timeText(time);
    take(field.current);
  };
  return (
    <span class="time-field">
      <input
        ref={field}
        name={name}
        aria-label={label}
        autocomplete="off"
        placeholder={w.form}
        {...(value === undefined ? {} : { value: draft.value ?? timeText(value) })}
        onInput={(event) => {
          event.currentTarget.setCustomValidity("");
          if (value !== undefined) draft.value = event.currentTarget.value;
        }}
        onChange={(event) => take(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || value === undefined) return;
          event.currentTarget.setCustomValidity("");
          draft.value = null;
        }}
      />
      <button type="button" class="quiet" aria-label={label ? words().actions.because(w.pick, label) : w.pick} onClick={pick}>
        <span aria-hidden="true">▾</span>
      </button>
      <input ref={picker} type="datetime-local" tabIndex={-1} aria-hidden="true" onInput={(event) => picked(event.currentTarget)} />
    </span>
  );
}
