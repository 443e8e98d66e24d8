import { useSignal } from "@preact/signals";
import type { Role } from "../access/me";
import { ask } from "../api";
import { ms } from "../facts";
import { useAsked } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
import { date } from "../words/format";
import { words } from "../words/language";
import { fieldsOf, useDoing } from "./form";
import { RoleOptions } from "./Users";

interface Token {
  id: string | number;
  name: string;
  user: string | null;
  role: Role;
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  token?: string;
}

export function Tokens() {
  const w = words().admin;
  const list = useAsked<{ tokens: Token[] }>("/tokens");
  const { said, doing } = useDoing();
  const shown = useSignal("");
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { name = "", role = "view", days = "365" } = fieldsOf(event);
    const done = await doing(async () => {
      const made = await ask<Token>("/tokens", { method: "POST", body: { name: name.trim(), role, days: Number(days) } });
      shown.value = made.token ?? "";
      return "";
    });
    if (!done) return;
    form.reset();
    list.reload();
  };
  const remove = async (one: Token) => {
    if (!(await confirmed(`${w.remove}: ${one.name}`, w.revokeText(one.name), w.remove))) return;
    await doing(async () => {
      await ask(`/tokens/${one.id}`, { method: "DELETE" });
      return w.changed;
    });
    list.reload();
  };
  return (
    <>
      {list.trouble && <p class="stale-note">{list.trouble}</p>}
      <table class="wide">
        <thead>
          <tr>
            <th scope="col">{w.tokenName}</th>
            <th scope="col">{w.user}</th>
            <th scope="col">{w.role}</th>
            <th scope="col">{w.expires}</th>
            <th scope="col">{w.used}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {list.data?.tokens.map((one) => (
            <tr key={one.id}>
              <th scope="row">{one.name}</th>
              <td>{one.user ?? "–"}</td>
              <td>{w.roles[one.role] ?? one.role}</td>
              <td>{one.expires_at ? date(ms(one.expires_at), "date") : w.never}</td>
              <td>{one.used_at ? date(ms(one.used_at), "dayMinute") : w.never}</td>
              <td class="buttons">
                <button type="button" class="quiet" onClick={() => void remove(one)}>
                  {w.remove}
                </button>
              </td>
            </tr>
          ))}
          {list.data && !list.data.tokens.length && (
            <tr>
              <td colSpan={6} class="soft">
                {w.none}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      <form class="fields" onSubmit={(event) => void add(event)}>
        <label>
          {w.tokenName} <input name="name" required maxLength={64} />
        </label>
        <label>
          {w.role}
          <select name="role">
            <RoleOptions none={false} />
          </select>
        </label>
        <label>
          {w.days} <input name="days" type="number" min={1} max={3650} value={365} required />
        </label>
        <button type="submit">{w.add}</button>
      </form>
      {shown.value && (
        <p class="banner">
          {w.tokenOnce} <code>{shown}</code>
        </p>
      )}
      <p role="status" class="said">
        {said}
      </p>
    </>
  );
}
