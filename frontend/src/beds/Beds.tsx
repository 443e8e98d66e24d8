import { useSignal } from "@preact/signals";
import { may } from "../access/me";
import { ask, reasonOf } from "../api";
import { ms, type Assignment } from "../facts";
import { factsOf, names } from "../live/gateways";
import { href } from "../route";
import { usePages } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
import { date } from "../words/format";
import { words } from "../words/language";

const PARTS = ["bed", "room", "device", "patient"] as const;

/** Where every incubator is and was, and a form that names and moves them. */
export function Beds() {
  const w = words().beds;
  const said = useSignal("");
  const past = usePages<Assignment>("/assignments", "assignments", { limit: 100 });
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    const text = (name: string) => String(given.get(name) ?? "").trim() || null;
    const time = (name: string) => (text(name) ? new Date(text(name)!).toISOString() : undefined);
    const body = { gateway: text("gateway"), ...Object.fromEntries(PARTS.map((name) => [name, text(name)])), from: time("from"), until: time("until") };
    try {
      const made = await ask<{ ended?: unknown[] }>("/assignments", { method: "POST", body });
      said.value = made.ended?.length ? w.ended(made.ended.length) : w.saved;
      form.reset();
      past.reload();
    } catch (error) {
      said.value = reasonOf(error);
    }
  };
  const change = async (one: Assignment, method: "PATCH" | "DELETE") => {
    const ends = method === "PATCH";
    if (!(await confirmed(`${w.bed} ${one.bed ?? "–"}, ${one.gateway}`, ends ? w.endText : w.removeText, ends ? w.end : w.remove))) return;
    try {
      await ask(`/assignments/${one.id}`, ends ? { method, body: { until: new Date().toISOString() } } : { method });
      said.value = w.saved;
    } catch (error) {
      said.value = reasonOf(error);
    }
    past.reload();
  };
  return (
    <div class="beds">
      <section class="panel">
        <h2>{w.now}</h2>
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">{w.gateway}</th>
              {PARTS.map((part) => (
                <th key={part} scope="col">
                  {w[part]}
                </th>
              ))}
              <th scope="col">{w.from}</th>
            </tr>
          </thead>
          <tbody>
            {names.value.map((name) => (
              <Present key={name} name={name} />
            ))}
          </tbody>
        </table>
      </section>
      {may("operate") && (
        <section class="panel">
          <h2>{w.move}</h2>
          <form class="fields" onSubmit={(event) => void save(event)}>
            <label>
              {w.gateway}
              <select name="gateway" required>
                {names.value.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            {PARTS.map((part) => (
              <label key={part}>
                {w[part]}
                <input name={part} maxLength={64} title={part === "patient" ? w.pseudonym : undefined} />
              </label>
            ))}
            <label>
              {w.from} <span class="soft">({w.fromNow})</span>
              <input type="datetime-local" name="from" />
            </label>
            <label>
              {w.until} <span class="soft">({w.stands})</span>
              <input type="datetime-local" name="until" />
            </label>
            <button type="submit" class="primary">
              {w.save}
            </button>
          </form>
          <p class="soft">{w.pseudonym}</p>
          <p role="status" class="said">
            {said}
          </p>
        </section>
      )}
      <section class="panel">
        <h2>{w.past}</h2>
        {past.trouble && <p class="stale-note">{past.trouble}</p>}
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">{w.bed}</th>
              <th scope="col">{w.room}</th>
              <th scope="col">{w.device}</th>
              <th scope="col">{w.patient}</th>
              <th scope="col">{w.gateway}</th>
              <th scope="col">{w.from}</th>
              <th scope="col">{w.until}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {past.rows.map((one) => (
              <tr key={one.id}>
                {PARTS.map((part) => (
                  <td key={part}>{one[part] ?? "–"}</td>
                ))}
                <td>
                  <a href={href("incubator", one.gateway, one.until ? { from: one.from, to: one.until } : {})}>{one.gateway}</a>
                </td>
                <td>{date(ms(one.from), "dayMinute")}</td>
                <td>{one.until ? date(ms(one.until), "dayMinute") : w.stands}</td>
                <td class="buttons">
                  {may("operate") && !one.until && (
                    <button type="button" class="quiet" onClick={() => void change(one, "PATCH")}>
                      {w.end}
                    </button>
                  )}
                  {may("operate") && (
                    <button type="button" class="quiet" onClick={() => void change(one, "DELETE")}>
                      {w.remove}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {past.more && (
          <button type="button" class="quiet below" onClick={past.more}>
            {words().admin.more}
          </button>
        )}
      </section>
    </div>
  );
}

function Present({ name }: { name: string }) {
  const w = words().beds;
  const given = factsOf(name)?.value.tile?.assignment;
  return (
    <tr>
      <th scope="row">
        <a href={href("incubator", name)}>{name}</a>
      </th>
      {given ? PARTS.map((part) => <td key={part}>{given[part] ?? "–"}</td>) : <td colSpan={PARTS.length}>{w.unnamed}</td>}
      <td>{given ? date(ms(given.from), "dayMinute") : ""}</td>
    </tr>
  );
}
