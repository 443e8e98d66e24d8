import { useSignal } from "@preact/signals";
import { ask, reasonOf } from "../api";
import { words } from "../words/language";
import { become, me, type Me } from "./me";

/** The way in: name and password, the hospital's own sign-in, or the one-time link of the first start. */
export function SignIn({ token }: { token: string }) {
  const w = words().access;
  const trouble = useSignal("");
  const busy = useSignal(false);
  const ways = me.value?.sign_in;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = { user: String(form.get("user")).trim(), password: String(form.get("password")) };
    busy.value = true;
    trouble.value = "";
    try {
      become(token ? await ask<Me>("/setup", { method: "POST", body: { token, ...given } }) : await ask<Me>("/sign-in", { method: "POST", body: given }));
      if (token) location.hash = "#/";
    } catch (error) {
      trouble.value = reasonOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="panel sign-in">
      <h2>{token ? w.first : w.title}</h2>
      {token && <p class="soft">{w.firstText}</p>}
      {!token && ways?.setup && <p class="soft">{w.setupWaits}</p>}
      {(token || ways?.password) && (
        <form onSubmit={submit}>
          <label>
            {w.user}
            <input name="user" autocomplete="username" required maxLength={64} />
          </label>
          <label>
            {w.password}
            <input name="password" type="password" autocomplete={token ? "new-password" : "current-password"} required />
          </label>
          {trouble.value && (
            <p class="stale-note" role="alert">
              {trouble}
            </p>
          )}
          <button type="submit" class="primary" disabled={busy.value}>
            {token ? w.begin : w.signIn}
          </button>
        </form>
      )}
      {!token && ways?.oidc && (
        <a class="button" href={ways.oidc.href}>
          {ways.oidc.title}
        </a>
      )}
    </section>
  );
}

/** Somebody who is known and may see nothing. */
export function NoRole() {
  const w = words().access;
  return (
    <section class="panel sign-in">
      <h2>{w.noRole}</h2>
      <p>{w.noRoleText}</p>
    </section>
  );
}
