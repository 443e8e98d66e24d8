import { useSignal } from "@preact/signals";
import { ask, reasonOf } from "../api";
import { ms } from "../facts";
import { useAsked } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
import { date, percent } from "../words/format";
import { reasonIn } from "../words/refusals";
import { words } from "../words/language";
import { type Action, base64, planOf, UNDER_WAY } from "./fleet";

const AGAIN_MS = 4000;
const WEBREPL_MINUTES = 10;

/** What an operator can do to one gateway, each asked twice, and what became of the last ones. */
export function Actions({ gateway }: { gateway: string }) {
  const w = words().actions;
  const busy = useSignal(false);
  const said = useSignal("");
  const plan = useSignal("");
  const past = useAsked<{ actions: Action[] }>(`/gateways/${encodeURIComponent(gateway)}/actions`, {}, AGAIN_MS);
  const act = async (what: string, body: Record<string, unknown>, text: string) => {
    if (!(await confirmed(w.question(what, gateway), text, w.yes(what)))) return;
    busy.value = true;
    said.value = "";
    try {
      const answer = await ask<Action>(`/gateways/${encodeURIComponent(gateway)}/actions`, { method: "POST", body });
      // An update goes on behind its answer; the list of the last actions follows it.
      said.value = UNDER_WAY.has(answer.state) ? "" : outcome(answer);
    } catch (error) {
      said.value = reasonOf(error);
    } finally {
      busy.value = false;
      past.reload();
    }
  };
  const setPlan = (event: Event) => {
    event.preventDefault();
    const wanted = planOf(plan.value);
    if (!wanted) said.value = w.noPlan;
    else void act(w.names["set-poll"]!, { action: "set-poll", plan: wanted }, w.texts.poll);
  };
  const update = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (!file) return;
    await act(w.names.update!, { action: "update", bundle: await base64(file) }, w.texts.update(file.name));
    input.value = "";
  };
  return (
    <details class="acting">
      <summary>{w.title}</summary>
      <div class="buttons">
        <button type="button" disabled={busy.value} onClick={() => void act(w.names.restart!, { action: "restart" }, w.texts.restart)}>
          {w.names.restart}
        </button>
        <button
          type="button"
          disabled={busy.value}
          onClick={() => void act(w.names.webrepl!, { action: "webrepl", minutes: WEBREPL_MINUTES }, w.texts.webrepl)}
        >
          {w.webrepl(WEBREPL_MINUTES)}
        </button>
        <button type="button" disabled={busy.value} onClick={() => void act(w.closeWebrepl, { action: "webrepl", minutes: 0 }, w.texts.closeWebrepl)}>
          {w.closeWebrepl}
        </button>
        <button type="button" disabled={busy.value} onClick={() => void act(w.names["set-poll"]!, { action: "set-poll", plan: "default" }, w.texts.pollDefault)}>
          {w.pollDefault}
        </button>
      </div>
      <form class="row" onSubmit={setPlan}>
        <label>
          {w.plan} <input value={plan.value} placeholder="24=1000 27=1000 29=10000" onInput={(event) => (plan.value = event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy.value}>
          {w.setPlan}
        </button>
      </form>
      <label class="row">
        {w.bundle} <input type="file" disabled={busy.value} onChange={(event) => void update(event)} />
        <code>{w.bundleFrom(gateway)}</code>
      </label>
      <p role="status" class="said">
        {busy.value ? w.waiting : said.value}
      </p>
      {past.data && past.data.actions.length > 0 && (
        <table>
          <caption>{w.past}</caption>
          <tbody>
            {past.data.actions.slice(0, 8).map((one) => (
              <tr key={one.id}>
                <td>{date(ms(one.asked_at), "full")}</td>
                <td>{w.names[one.action] ?? one.action}</td>
                <td>{one.user ?? ""}</td>
                <td class="chip" data-tone={one.state === "done" ? "good" : UNDER_WAY.has(one.state) ? "plain" : "bad"}>
                  {outcome(one)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}

function outcome(one: Action): string {
  const w = words().actions;
  const text = w.states[one.state] ?? one.state;
  if (one.state === "sending" && one.progress !== null) return `${text} ${percent(one.progress)}`;
  return one.error ? w.because(text, reasonIn(one.error)) : text;
}
