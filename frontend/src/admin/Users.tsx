import { me, type Role } from "../access/me";
import { ask } from "../api";
import { ms } from "../facts";
import { useAsked } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
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
  return (
    <>
      {list.trouble && <p class="stale-note">{list.trouble}</p>}
      <table class="wide">
        <thead>
          <tr>
            <th scope="col">{w.user}</th>
            <th scope="col">{w.role}</th>
            <th scope="col">{w.state}</th>
            <th scope="col">{w.signedIn}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {list.data?.users.map((one) => (
            <tr key={one.user}>
              <th scope="row">
                {one.user} {one.oidc && <span class="soft">{w.oidc}</span>}
              </th>
              <td>
                <select aria-label={`${w.role}: ${one.user}`} value={one.role ?? ""} onChange={(event) => void change(one.user, { role: event.currentTarget.value || null })}>
                  <RoleOptions />
                </select>
              </td>
              <td>{one.disabled ? w.disabled : w.active}</td>
              <td>{one.signed_in_at ? date(ms(one.signed_in_at), "dayMinute") : w.never}</td>
              <td class="buttons">
                <button type="button" class="quiet" onClick={() => void change(one.user, { disabled: !one.disabled })}>
                  {one.disabled ? w.enable : w.disable}
                </button>
                {one.user !== me.value?.user && (
                  <button type="button" class="quiet" onClick={() => void remove(one.user)}>
                    {w.remove}
                  </button>
                )}
              </td>
            </tr>
          ))}
          {list.data && !list.data.users.length && (
            <tr>
              <td colSpan={5} class="soft">
                {w.none}
              </td>
            </tr>
          )}
        </tbody>
      </table>
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
