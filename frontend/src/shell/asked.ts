import { useEffect, useState } from "preact/hooks";
import { ask, reasonOf, type Asked } from "../api";
import { language } from "../words/language";

export interface Answered<T> {
  data: T | null;
  trouble: string;
  loading: boolean;
  reload: () => void;
}

/** What the server answers to a question, asked again when it changes, or each `every` ms. */
export function useAsked<T>(path: string, query: Asked["query"] = {}, every = 0): Answered<T> {
  const [state, setState] = useState<{ data: T | null; trouble: string; loading: boolean }>({ data: null, trouble: "", loading: true });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify([path, query, language.value]);
  useEffect(() => {
    const flight = new AbortController();
    const once = () =>
      ask<T>(path, { query, signal: flight.signal }).then(
        (data) => setState({ data, trouble: "", loading: false }),
        (error: unknown) => {
          if (!flight.signal.aborted) setState((old) => ({ ...old, trouble: reasonOf(error), loading: false }));
        },
      );
    setState((old) => ({ ...old, loading: true }));
    void once();
    const timer = every ? setInterval(() => !document.hidden && void once(), every) : 0;
    return () => {
      flight.abort();
      clearInterval(timer);
    };
  }, [key, turn, every]);
  return { ...state, reload: () => setTurn((old) => old + 1) };
}

interface Page<T> {
  rows: T[];
  trouble: string;
  loading: boolean;
  more: (() => void) | null;
  reload: () => void;
}

/** A list that comes in pages: the first ones, and a way to the next. */
export function usePages<T>(path: string, key: string, query: Asked["query"] = {}): Page<T> {
  const [state, setState] = useState<{ rows: T[]; next: string | null; trouble: string; loading: boolean }>({ rows: [], next: null, trouble: "", loading: true });
  const [turn, setTurn] = useState(0);
  const of = JSON.stringify([path, query, language.value]);
  const fetchPage = (cursor: string | null, before: T[], signal?: AbortSignal) => {
    setState((old) => ({ ...old, loading: true }));
    ask<Record<string, unknown>>(path, { query: { ...query, cursor }, ...(signal ? { signal } : {}) }).then(
      (answer) => setState({ rows: [...before, ...(answer[key] as T[])], next: (answer.next as string | null) ?? null, trouble: "", loading: false }),
      (error: unknown) => {
        if (!signal?.aborted) setState((old) => ({ ...old, trouble: reasonOf(error), loading: false }));
      },
    );
  };
  useEffect(() => {
    const flight = new AbortController();
    fetchPage(null, [], flight.signal);
    return () => flight.abort();
  }, [of, turn]);
  return {
    rows: state.rows,
    trouble: state.trouble,
    loading: state.loading,
    more: state.next ? () => fetchPage(state.next, state.rows) : null,
    reload: () => setTurn((old) => old + 1),
  };
}
