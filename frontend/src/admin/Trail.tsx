import { ms } from "../facts";
import { usePages } from "../shell/asked";
import { date } from "../words/format";
import { words } from "../words/language";

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
  return (
    <>
      {trail.trouble && <p class="stale-note">{trail.trouble}</p>}
      <table class="wide">
        <thead>
          <tr>
            <th scope="col">{w.at}</th>
            <th scope="col">{w.user}</th>
            <th scope="col">{w.action}</th>
            <th scope="col">{words().beds.gateway}</th>
            <th scope="col">{w.outcome}</th>
            <th scope="col">{w.details}</th>
          </tr>
        </thead>
        <tbody>
          {trail.rows.map((one) => (
            <tr key={one.id}>
              <td>{date(ms(one.at), "full")}</td>
              <td>
                {one.user ?? "–"} <span class="soft">{one.via}</span>
              </td>
              <td>{one.action}</td>
              <td>{one.gateway ?? ""}</td>
              <td>{one.outcome}</td>
              <td class="details">{detailsOf(one)}</td>
            </tr>
          ))}
          {!trail.rows.length && !trail.loading && (
            <tr>
              <td colSpan={6} class="soft">
                {w.none}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      {trail.more && (
        <button type="button" class="quiet below" onClick={trail.more} disabled={trail.loading}>
          {w.more}
        </button>
      )}
    </>
  );
}

/** What is known besides, as `key: value`. */
function detailsOf({ details }: Entry): string {
  const known = Object.entries(details ?? {}).filter(([, value]) => value !== null && value !== "");
  return known.map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(", ");
}
