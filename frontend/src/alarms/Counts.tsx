import { type Level, LEVELS, MARKS } from "../alarm";
import { date } from "../words/format";
import { words } from "../words/language";

interface Count {
  codepage: number | null;
  code: string;
  phrase: string | null;
  explained?: string | null;
  level: Level | null;
  count: number;
}

export interface CountsAnswer {
  days: { day: string; high: number; medium: number; low: number; other: number; alarms: Count[] }[];
}

const PARTS = ["high", "medium", "low", "other"] as const;
const TOP = 8;

/** How many episodes began each day, by priority, and which alarms they were. */
export function Counts({ days, code, choose }: { days: CountsAnswer["days"]; code: string; choose: (code: string) => void }) {
  const w = words().log;
  const most = Math.max(1, ...days.map((day) => PARTS.reduce((sum, part) => sum + day[part], 0)));
  const totals = new Map<string, Count>();
  for (const one of days.flatMap((day) => day.alarms)) {
    const key = `${one.codepage}:${one.code}:${one.phrase}`;
    totals.set(key, { ...one, count: one.count + (totals.get(key)?.count ?? 0) });
  }
  const top = [...totals.values()].sort((a, b) => b.count - a.count).slice(0, TOP);
  return (
    <div class="counts">
      <section class="panel">
        <h2>{w.aDay}</h2>
        <p class="key">
          {LEVELS.slice(0, 3).map((level) => (
            <span key={level}>
              <i class={level} aria-hidden="true" /> {MARKS[level]} {words().level[level]}
            </span>
          ))}
        </p>
        <table class="days">
          <thead>
            <tr>
              <th scope="col">{w.day}</th>
              <th scope="col">{w.count}</th>
              <th scope="col" class="bars">
                <span class="hidden">{w.priority}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {days.map((day) => {
              const total = PARTS.reduce((sum, part) => sum + day[part], 0);
              const said = PARTS.filter((part) => day[part]).map((part) => words().levelCount(day[part], part === "other" ? "unknown" : part));
              return (
                <tr key={day.day}>
                  <th scope="row">{date(Date.parse(`${day.day}T12:00:00`), "weekday")}</th>
                  <td>{total}</td>
                  <td class="bars" title={said.join(", ")}>
                    <span class="hidden">{said.join(", ")}</span>
                    {PARTS.map((part) => (day[part] ? <i key={part} class={part} aria-hidden="true" style={{ width: `${(day[part] / most) * 100}%` }} /> : null))}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
      <section class="panel">
        <h2>{w.which}</h2>
        <ul class="top-alarms">
          {top.map((one) => (
            <li key={`${one.codepage}:${one.code}:${one.phrase}`}>
              <button type="button" class="quiet" aria-pressed={code === one.code} onClick={() => choose(one.code)}>
                {one.phrase || words().code(`${one.codepage}:${one.code}`)}
              </button>
              <span class="soft">{one.explained}</span>
              <b>{one.count}</b>
            </li>
          ))}
          {!top.length && <li class="soft">{w.none}</li>}
        </ul>
      </section>
    </div>
  );
}
