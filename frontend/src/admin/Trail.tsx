import type { ComponentChildren } from "preact";
import { ms } from "../facts";
import { usePages } from "../shell/asked";
import { type Head, Row, Table } from "../shell/Table";
import { date } from "../words/format";
import { words } from "../words/language";
import { notedIn } from "../words/noted";

interface Entry {
  id: number;
  at: string;
  user: string | null;
  via: string;
  action: string;
  gateway: string | null;
  outcome: string;
  details: Record<string, unknown> | null;
}

/** Who did what, newest first. */
export function Trail() {
  const w = words().admin;
  const trail = usePages<Entry>("/audit-trail", "entries", { limit: 50 });
  const heads: Head[] = [[w.at], [w.user], [w.action], [words().beds.gateway], [w.outcome], [w.details, "details"]];
  return (
    <>
      {trail.trouble && <p class="stale-note">{trail.trouble}</p>}
      <Table heads={heads} empty={trail.loading ? null : w.none}>
        {trail.rows.map((one) => (
          <Row key={one.id} heads={heads} cells={cellsOf(one)} />
        ))}
      </Table>
      {trail.more && (
        <button type="button" class="quiet below" onClick={trail.more} disabled={trail.loading}>
          {w.more}
        </button>
      )}
    </>
  );
}

function cellsOf(one: Entry): ComponentChildren[] {
  const w = words();
  return [
    date(ms(one.at), "full"),
    <>
      {one.user ?? "–"} <span class="soft">{w.admin.ways[one.via] ?? one.via}</span>
    </>,
    w.admin.done[one.action] ?? one.action,
    one.gateway ?? "",
    w.admin.outcomes[one.outcome] ?? one.outcome,
    notedIn(one.details ?? {}),
  ];
}
