import { useSignal, type Signal } from "@preact/signals";
import { reasonOf } from "../api";

/** The fields of a form as texts. */
export function fieldsOf(event: Event): Record<string, string> {
  const fields: Record<string, string> = {};
  new FormData(event.currentTarget as HTMLFormElement).forEach((value, name) => (fields[name] = String(value)));
  return fields;
}

/** Something asked of the server whose failure is one line to show. */
export function useDoing(): { said: Signal<string>; doing: (work: () => Promise<string>) => Promise<boolean> } {
  const said = useSignal("");
  const doing = async (work: () => Promise<string>) => {
    try {
      said.value = await work();
      return true;
    } catch (error) {
      said.value = reasonOf(error);
      return false;
    }
  };
  return { said, doing };
}
