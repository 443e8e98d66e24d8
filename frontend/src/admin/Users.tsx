import type { ComponentChildren } from "preact";
import { me, type Role } from "../access/me";
import { ask } from "../api";
import { ms } from "../facts";
import { useAsked } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
import { type Head, Row, Table } from "../shell/Table";
import { date } from "../words/format";
import { words } from "../words/language";
import { fieldsOf, useDoing } from "./form";

interface User {
  user: string;
  role: Role | null;
  disabled: boolean;
  oidc: boolean | string | null;
  created_at: string;
  signed_in_at: string | null;
}

const ROLES: (Role | null)[] = [null, "view", "operate", "administer"];

export function RoleOptions({ none = true }: { none?: boolean }) {
  const w = words().admin;
  return (
    <>
      {ROLES.filter((role) => none || role).map((role) => (
        <option key={role} value={role ?? ""}>
          {w.roles[role ?? "none"]}
        </option>
      ))}
    </>
  );
}

export function Users() {
  const w = words().admin;
  const list = useAsked<{ users: User[] }>("/users");
  const { said, doing } = useDoing();
  const change = (user: string, body: Record<string, unknown>) =>
    doing(async () => {
      await ask(`/users/${encodeURIComponent(user)}`, { method: "PATCH", body });
      list.reload();
      return w.changed;
    });
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { user = "", password = "", role = "" } = fieldsOf(event);
    const done = await doing(async () => {
      await ask("/users", { method: "POST", body: { user: user.trim(), password, role: role || null } });
      return w.changed;
    });
    if (!done) return;
    form.reset();
    list.reload();
  };
  const remove = async (user: string) => {
    if (!(await confirmed(`${w.remove}: ${user}`, w.removeText(user), w.remove))) return;
    await doing(async () => {
      await ask(`/users/${encodeURIComponent(user)}`, { method: "DELETE" });
      return w.changed;
    });
    list.reload();
  };
  const heads: Head[] = [[w.user, "head"], [w.role], [w.state], [w.signedIn], [w.change, "buttons"]];
  const cellsOf = (one: User): ComponentChildren[] => [
    <>
      {one.user} {one.oidc && <span class="soft">{w.oidc}</span>}
    </>,
    <select aria-label={`${w.role}: ${one.user}`} value={one.role ?? ""} onChange={(event) => void change(one.user, { role: event.currentTarget.value || null })}>
      <RoleOptions />
    </select>,
    one.disabled ? w.disabled : w.active,
    one.signed_in_at ? date(ms(one.signed_in_at), "dayMinute") : w.never,
    <>
      <button type="button" class="quiet" onClick={() => void change(one.user, { disabled: !one.disabled })}>
        {one.disabled ? w.enable : w.disable}
      </button>
      {one.user !== me.value?.user && (
        <button type="button" class="quiet" onClick={() => void remove(one.user)}>
          {w.remove}
        </button>
      )}
    </>,
  ];
  return (
    <>
      {list.trouble && <p class="stale-note">{list.trouble}</p>}
      <Table heads={heads} empty={list.data && w.none}>
        {(list.data?.users ?? []).map((one) => (
          <Row key={one.user} heads={heads} cells={cellsOf(one)} />
        ))}
      </Table>
      <form class="fields" onSubmit={(event) => void add(event)}>
        <label>
          {w.user} <input name="user" required maxLength={64} autocomplete="off" />
        </label>
        <label>
          {w.password} <input name="password" type="password" required minLength={10} autocomplete="new-password" />
        </label>
        <label>
          {w.role}
          <select name="role">
            <RoleOptions />
          </select>
        </label>
        <button type="submit">{w.add}</button>
      </form>
      <p role="status" class="said">
        {said}
      </p>
    </>
  );
}
