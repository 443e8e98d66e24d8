import type { ComponentChildren } from "preact";
import type { Level } from "../alarm";
import type { Alarm } from "../facts";
import { ms } from "../facts";
import { factsOf, names } from "../live/gateways";
import { href, refine, route } from "../route";
import { useAsked, usePages } from "../shell/asked";
import { type Head, Row, Table } from "../shell/Table";
import { AlarmChip } from "../ward/Alarms";
import { placeOf } from "../ward/place";
import { date, duration } from "../words/format";
import { words } from "../words/language";
import { Counts, type CountsAnswer } from "./Counts";

interface Logged extends Alarm {
  gateway: string;
  bed: string | null;
  room: string | null;
  explained: string | null;
  duration_s: number;
}

const HOUR_MS = 3_600_000;
const SPANS = [24, 72, 168, 336, 744] as const;
const LEVELS: Level[] = ["high", "medium", "low"];
/** Times are asked in whole minutes, so that drawing anew is not asking anew. */
const MINUTE_MS = 60_000;

interface Filter {
  hours: number;
  gateway: string;
  levels: string;
  code: string;
}

function filterOf(query: URLSearchParams): Filter {
  const hours = Number(query.get("hours"));
  const levels = (query.get("priority") ?? "").split(",").filter((level) => LEVELS.includes(level as Level));
  return {
    hours: SPANS.includes(hours as (typeof SPANS)[number]) ? hours : 24,
    gateway: query.get("gateway") ?? "",
    levels: levels.join(","),
    code: query.get("code") ?? "",
  };
}

function keep(filter: Filter): void {
  const query: Record<string, string> = {};
  if (filter.hours !== 24) query.hours = String(filter.hours);
  if (filter.gateway) query.gateway = filter.gateway;
  if (filter.levels) query.priority = filter.levels;
  if (filter.code) query.code = filter.code;
  refine(query);
}

/** Episodes of all incubators, newest first, and how many a day. */
export function AlarmLog() {
  const w = words().log;
  const filter = filterOf(route.value.query);
  const from = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - filter.hours * HOUR_MS).toISOString();
  const { gateway } = filter;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const log = usePages<Logged>("/alarms", "alarms", { from, gateway, priority: filter.levels, code: filter.code, limit: 100 });
  const counts = useAsked<CountsAnswer>("/alarms/counts", { from, gateway, zone });
  const trouble = log.trouble || counts.trouble;
  const heads: Head[] = [[w.alarm, "lead"], [w.meaning, "lead"], [w.bed], [w.began], [w.lasted]];
  return (
    <div class="log">
      <Filters filter={filter} />
      {trouble && <p class="stale-note">{trouble}</p>}
      {counts.data && <Counts days={counts.data.days} code={filter.code} choose={(code) => keep({ ...filter, code: filter.code === code ? "" : code })} />}
      <section class="panel">
        <Table heads={heads} caption={w.title} empty={log.loading ? words().history.loading : w.none}>
          {log.rows.map((one) => (
            <Row key={`${one.gateway} ${one.codepage} ${one.code} ${one.started_at}`} heads={heads} cells={cellsOf(one)} />
          ))}
        </Table>
        {log.more && (
          <button type="button" class="quiet below" onClick={log.more} disabled={log.loading}>
            {w.more}
          </button>
        )}
      </section>
    </div>
  );
}

function cellsOf(one: Logged): ComponentChildren[] {
  const began = ms(one.started_at);
  const around: Record<string, string> = began === null ? {} : { from: new Date(began - HOUR_MS / 2).toISOString(), to: new Date(began + HOUR_MS / 2).toISOString() };
  return [
    <AlarmChip alarm={one} plain />,
    one.explained,
    one.bed ? [one.bed, one.room].filter(Boolean).join("\u00a0·\u00a0") : one.gateway,
    <a href={href("incubator", one.gateway, around)}>{date(began, "full")}</a>,
    <>
      {duration(one.duration_s * 1000)} {!one.ended_at && <b class="stands">{words().log.stands}</b>}
    </>,
  ];
}

function Filters({ filter }: { filter: Filter }) {
  const w = words();
  const chosen = filter.levels.split(",").filter(Boolean);
  const toggle = (level: Level) => {
    const next = chosen.includes(level) ? chosen.filter((one) => one !== level) : LEVELS.filter((one) => one === level || chosen.includes(one));
    keep({ ...filter, levels: next.join(",") });
  };
  return (
    <div class="bar">
      <div class="segments" role="group" aria-label={w.log.span}>
        {SPANS.map((hours) => (
          <button key={hours} type="button" aria-pressed={filter.hours === hours} onClick={() => keep({ ...filter, hours })}>
            {w.log.spans[hours]}
          </button>
        ))}
      </div>
      <div class="segments" role="group" aria-label={w.log.priority}>
        {LEVELS.map((level) => (
          <button key={level} type="button" aria-pressed={chosen.includes(level)} onClick={() => toggle(level)}>
            {w.level[level]}
          </button>
        ))}
      </div>
      <select aria-label={w.log.incubator} value={filter.gateway} onChange={(event) => keep({ ...filter, gateway: event.currentTarget.value })}>
        <option value="">{w.log.all}</option>
        {names.value.map((name) => {
          const facts = factsOf(name);
          return (
            <option key={name} value={name}>
              {facts ? placeOf(facts.value).title : name}
            </option>
          );
        })}
      </select>
      {filter.code && (
        <button type="button" class="quiet" onClick={() => keep({ ...filter, code: "" })}>
          {w.log.onlyCode(filter.code)} ✕
        </button>
      )}
    </div>
  );
}
