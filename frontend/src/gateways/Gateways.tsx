import type { Signal } from "@preact/signals";
import { may } from "../access/me";
import { type Facts, ms } from "../facts";
import { now } from "../live/clock";
import { factsOf, names } from "../live/gateways";
import { noteOf } from "../live/current";
import { href } from "../route";
import { placeOf } from "../ward/place";
import { words } from "../words/language";
import { useAsked } from "../shell/asked";
import { percent } from "../words/format";
import { Actions } from "./Actions";
import type { FleetRow } from "./fleet";
import { clock, connection, details, line, type Said, spool } from "./state";

const AGAIN_MS = 30_000;

/** What every gateway says of itself. */
export function Gateways() {
  const fleet = useAsked<{ gateways: FleetRow[] }>("/fleet", {}, AGAIN_MS);
  const rows = new Map(fleet.data?.gateways.map((row) => [row.gateway, row]));
  return (
    <>
      {fleet.trouble && <p class="stale-note">{fleet.trouble}</p>}
      <div class="gateways">
        {names.value.map((name) => {
          const facts = factsOf(name);
          return facts && <Card key={name} facts={facts} row={rows.get(name)} />;
        })}
      </div>
    </>
  );
}

function Card({ facts, row }: { facts: Signal<Facts>; row: FleetRow | undefined }) {
  const w = words().gateways;
  const newest = facts.value;
  const one = newest.partial && row ? { ...newest, state: row.state } : newest;
  const place = placeOf(one);
  const note = noteOf(one, now.value);
  const said: [string, Said][] = [
    [w.state, connection(one)],
    [w.serialLine, line(one)],
    [w.clock, clock(one)],
    [w.spool, spool(one, now.value)],
  ];
  return (
    <article class="panel gateway" aria-label={w.gateway(one.gateway)}>
      <header>
        <h2>
          <a href={href("incubator", one.gateway)}>{one.gateway}</a>
        </h2>
        <p>{place.title === one.gateway ? place.detail : `${place.title} · ${place.detail}`}</p>
      </header>
      {note && <p class="stale-note">{note}</p>}
      <dl class="facts">
        {said.map(([label, { text, tone }]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd class="chip" data-tone={tone}>
              {text}
            </dd>
          </div>
        ))}
        {details(one, ms(row?.state_at), now.value).map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
        {row && (
          <>
            <div>
              <dt>{w.restarts}</dt>
              <dd>{row.restarts_today ?? "–"}</dd>
            </div>
            <div>
              <dt>{w.coverage}</dt>
              <dd>{row.coverage_today === null ? "–" : percent(row.coverage_today, 1)}</dd>
            </div>
          </>
        )}
      </dl>
      {may("operate") && <Actions gateway={one.gateway} />}
    </article>
  );
}
