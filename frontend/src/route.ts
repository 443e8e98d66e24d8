// Where the reader is: the part of the address behind #, so that a link can be kept and sent on.

import { signal } from "@preact/signals";

export interface Route {
  /** The page; `ward` is the first one. */
  page: string;
  /** What the page is of, as a gateway's name. */
  of: string;
  query: URLSearchParams;
}

export function parse(hash: string): Route {
  const setup = /^#(setup=.+)$/.exec(hash);
  if (setup) return { page: setup[1]!, of: "", query: new URLSearchParams() };
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", ...rest] = path.split("/");
  let of = rest.join("/");
  try {
    of = decodeURIComponent(of);
  } catch {
    of = "";
  }
  return { page: page || "ward", of, query: new URLSearchParams(query) };
}

export function href(page: string, of = "", query: Record<string, string> = {}): string {
  const asked = new URLSearchParams(query).toString();
  const path = page === "ward" ? "" : page + (of ? `/${encodeURIComponent(of)}` : "");
  return `#/${path}${asked ? `?${asked}` : ""}`;
}

export const route = signal<Route>(parse(globalThis.location?.hash ?? ""));

export function follow(): void {
  addEventListener("hashchange", () => (route.value = parse(location.hash)));
}

/** Change what is asked of the present page without a new entry in the browser's history. */
export function refine(query: Record<string, string>): void {
  const { page, of } = route.peek();
  const wanted = href(page, of, query);
  if (wanted === location.hash) return;
  history.replaceState(null, "", wanted);
  route.value = parse(wanted);
}
