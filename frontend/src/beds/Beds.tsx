import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { may } from "../access/me";
import { address, ask, reasonOf, stamp } from "../api";
import { ms, type Assignment } from "../facts";
import { factsOf, names } from "../live/gateways";
import { href } from "../route";
import { usePages } from "../shell/asked";
import { confirmed } from "../shell/Confirm";
import { type Head, Row, Table } from "../shell/Table";
import { TimeField } from "../shell/TimeField";
import { timeIn } from "../words/entered";
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
    const time = (name: string) => {
      const at = timeIn(text(name) ?? "");
      return at === null ? undefined : stamp(at);
    };
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
  const present: Head[] = [[w.gateway, "head"], ...PARTS.map((part): Head => [w[part]]), [w.from]];
  const times: Head[] = [...PARTS.map((part): Head => [w[part]]), [w.gateway], [w.from], [w.until], [w.readings], [w.change, "buttons"]];
  const cellsOf = (one: Assignment): ComponentChildren[] => [
    ...PARTS.map((part) => one[part] ?? "–"),
    <a href={href("incubator", one.gateway, one.until ? { from: one.from, to: one.until } : {})}>{one.gateway}</a>,
    date(ms(one.from), "dayMinute"),
    one.until ? date(ms(one.until), "dayMinute") : w.stands,
    <a href={address(`/assignments/${one.id}/readings`)} download>
      CSV
    </a>,
    may("operate") && (
      <>
        {!one.until && (
          <button type="button" class="quiet" onClick={() => void change(one, "PATCH")}>
            {w.end}
          </button>
        )}
        <button type="button" class="quiet" onClick={() => void change(one, "DELETE")}>
          {w.remove}
        </button>
      </>
    ),
  ];
  return (
    <div class="beds">
      <section class="panel">
        <h2>{w.now}</h2>
        <Table heads={present}>
          {names.value.map((name) => (
            <Present key={name} name={name} heads={present} />
          ))}
        </Table>
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
              <TimeField name="from" label={w.from} />
            </label>
            <label>
              {w.until} <span class="soft">({w.stands})</span>
              <TimeField name="until" label={w.until} />
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
        <Table heads={times} empty={past.loading ? null : words().admin.none}>
          {past.rows.map((one) => (
            <Row key={one.id} heads={times} cells={cellsOf(one)} />
          ))}
        </Table>
        {past.more && (
          <button type="button" class="quiet below" onClick={past.more}>
            {words().admin.more}
          </button>
        )}
      </section>
    </div>
  );
}

function Present({ name, heads }: { name: string; heads: readonly Head[] }) {
  const w = words().beds;
  const given = factsOf(name)?.value.tile?.assignment;
  const parts = given ? PARTS.map((part) => given[part] ?? "–") : [<span class="soft">{w.unnamed}</span>];
  const from = given ? date(ms(given.from), "dayMinute") : "";
  return <Row heads={heads} cells={[<a href={href("incubator", name)}>{name}</a>, ...parts, ...(given ? [from] : [])]} />;
}
