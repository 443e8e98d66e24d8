import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../words/language";

interface Question {
  title: string;
  text: string;
  yes: string;
  answer: (agreed: boolean) => void;
}

const asked = signal<Question | null>(null);

/** Ask before something that cannot be taken back; true when the reader agrees. */
export function confirmed(title: string, text: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    asked.value = {
      title,
      text,
      yes,
      answer: (agreed) => {
        asked.value = null;
        resolve(agreed);
      },
    };
  });
}

export function Confirm() {
  const node = useRef<HTMLDialogElement>(null);
  const question = asked.value;
  useEffect(() => {
    if (question) node.current?.showModal();
  }, [question]);
  if (!question) return null;
  return (
    <dialog ref={node} aria-labelledby="confirm-title" onCancel={() => question.answer(false)}>
      <h2 id="confirm-title">{question.title}</h2>
      <p>{question.text}</p>
      <p class="buttons">
        <button type="button" onClick={() => question.answer(false)}>
          {words().cancel}
        </button>
        <button type="button" class="primary" onClick={() => question.answer(true)}>
          {question.yes}
        </button>
      </p>
    </dialog>
  );
}
