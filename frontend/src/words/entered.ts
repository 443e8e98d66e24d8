// Times as people write them: day/month/year and 24 hours in both languages of the page, or ISO 8601.

const DAY_FIRST = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ ,T]+(?:à )?(\d{1,2})[:h](\d{2})?)?$/;
const YEAR_FIRST = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2}))?$/;

const two = (value: number) => String(value).padStart(2, "0");

/** A time of the browser's zone as a field shows it. */
export function timeText(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getDate())}/${two(at.getMonth() + 1)}/${at.getFullYear()} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** What somebody wrote, in the browser's zone; null for what is no time, as 31/02. */
export function timeIn(text: string): number | null {
  const said = text.trim();
  const dayFirst = DAY_FIRST.exec(said);
  const found = dayFirst ?? YEAR_FIRST.exec(said);
  if (!found) return null;
  const [first, month, last, hour, minute] = found.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number];
  const [year, day] = dayFirst ? [last, first] : [first, last];
  const at = new Date(year, month - 1, day, hour, minute);
  const same = at.getFullYear() === year && at.getMonth() === month - 1 && at.getDate() === day;
  return same && hour < 24 && minute < 60 ? at.getTime() : null;
}
