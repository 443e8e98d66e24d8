import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import type { Role } from "../access/me";
import { ask } from "../api";
import { ms } from "../facts";
import { useAsked } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
import { type Head, Row, Table } from "../shell/Table";
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
  const heads: Head[] = [[w.tokenName, "head"], [w.user], [w.role], [w.expires], [w.used], [w.change, "buttons"]];
  const cellsOf = (one: Token): ComponentChildren[] => [
    one.name,
    one.user ?? "–",
    w.roles[one.role] ?? one.role,
    one.expires_at ? date(ms(one.expires_at), "date") : w.never,
    one.used_at ? date(ms(one.used_at), "dayMinute") : w.never,
    <button type="button" class="quiet" onClick={() => void remove(one)}>
      {w.remove}
    </button>,
  ];
  return (
    <>
      {list.trouble && <p class="stale-note">{list.trouble}</p>}
      <Table heads={heads} empty={list.data && w.none}>
        {(list.data?.tokens ?? []).map((one) => (
          <Row key={one.id} heads={heads} cells={cellsOf(one)} />
        ))}
      </Table>
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
