import { ask } from "../api";
import { words } from "../words/language";
import { fieldsOf, useDoing } from "./form";

export function Account() {
  const w = words().admin;
  const { said, doing } = useDoing();
  const change = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { password, new_password } = fieldsOf(event);
    const done = await doing(async () => {
      await ask("/me/password", { method: "POST", body: { password, new_password } });
      return w.changed;
    });
    if (done) form.reset();
  };
  return (
    <form class="fields" onSubmit={(event) => void change(event)}>
      <label>
        {w.password} <input name="password" type="password" required autocomplete="current-password" />
      </label>
      <label>
        {w.newPassword} <input name="new_password" type="password" required minLength={10} autocomplete="new-password" />
      </label>
      <button type="submit">{w.setPassword}</button>
      <p role="status" class="said">
        {said}
      </p>
    </form>
  );
}
