// Who looks, and what they may.

import { computed, signal } from "@preact/signals";
import { ask, csrf } from "../api";
import { connect, disconnect, listening } from "../live/link";
import { loadWard } from "../live/first";
import { chosen, type Language, language } from "../words/language";

export type Role = "view" | "operate" | "administer";

export interface Me {
  user: string | null;
  role: Role | null;
  roles: Role[];
  csrf: string;
  language: string;
  sign_in: { required: boolean; password: boolean; oidc: { title: string; href: string } | null; setup: boolean };
}

export const me = signal<Me | null>(null);

/** Whether one has to sign in before anything can be seen. */
export const outside = computed(() => {
  const who = me.value;
  return who !== null && who.sign_in.required && who.user === null;
});

export const may = (role: Role) => me.value?.roles.includes(role) ?? false;

/** Take what the server says of the reader, and begin or end listening accordingly. */
export function become(who: Me): void {
  csrf.token = who.csrf;
  me.value = who;
  if (who.user !== null && !chosen() && (who.language === "en" || who.language === "fr")) language.value = who.language;
  if (who.roles.includes("view")) {
    if (!listening()) void loadWard().then(connect);
  } else disconnect();
}

export async function whoAmI(): Promise<void> {
  become(await ask<Me>("/me"));
}

export async function signOut(): Promise<void> {
  await ask("/sign-out", { method: "POST" });
  location.hash = "#/";
  location.reload();
}

/** A signed-in reader's language goes with them to other screens. */
export function tellLanguage(wanted: Language): void {
  if (me.peek()?.user) ask("/me", { method: "PATCH", body: { language: wanted } }).catch(() => undefined);
}
