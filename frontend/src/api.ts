// Asking the server: JSON in and out, problems as one line.

import { signal } from "@preact/signals";
import { language } from "./words/language";

/** An answer that is none: the problem's stable `kind` (last part of its URN), title and detail. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly title: string,
    detail: string,
  ) {
    super(detail || title);
  }
}

/** Counts the times the server said that the session is over. */
export const turnedAway = signal(0);
/** What every changing request has to carry, as `me` gave it. */
export const csrf = { token: "" };

type Query = Record<string, string | number | null | undefined>;

export interface Asked {
  query?: Query;
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
}

export function address(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

export async function ask<T>(path: string, { query, method = "GET", body, signal }: Asked = {}): Promise<T> {
  const headers: Record<string, string> = { "Accept-Language": language.peek() };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf.token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(address(path, query), { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null });
  if (answer.status === 204) return undefined as T;
  if (answer.ok) return (await answer.json()) as T;
  const problem = await trouble(answer);
  if (problem.status === 401 && problem.kind === "sign-in-needed") turnedAway.value++;
  throw problem;
}

async function trouble(answer: Response): Promise<Problem> {
  try {
    const { type = "", title = "", detail = "" } = (await answer.json()) as Record<string, string>;
    return new Problem(answer.status, type.replace(/^.*:/, ""), title, detail);
  } catch {
    return new Problem(answer.status, "", answer.statusText, "");
  }
}

export const stamp = (ms: number) => new Date(ms).toISOString();

/** The line to show for anything that went wrong. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
