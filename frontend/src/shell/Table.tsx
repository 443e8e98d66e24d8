import type { ComponentChildren } from "preact";

/** How a column looks in the stacked rows of a narrow screen: `head` and `lead` are lines without their title. */
export type Kind = "head" | "lead" | "plain" | "details" | "buttons";

export type Head = readonly [title: string, kind?: Kind];

interface TableProps {
  heads: readonly Head[];
  caption?: string;
  /** What to say where there is no row; null while that is not known. */
  empty?: string | null;
  children: ComponentChildren[];
}

/** A list as a table, on a narrow screen as rows that stack their cells. */
export function Table({ heads, caption, empty, children }: TableProps) {
  return (
    <table class="wide" role="table">
      {caption && <caption class="hidden">{caption}</caption>}
      <thead role="rowgroup">
        <tr role="row">
          {heads.map(([title, kind = "plain"]) => (
            <th key={title} scope="col" role="columnheader" class={kind}>
              {kind === "buttons" ? <span class="hidden">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {children}
        {!children.length && empty && (
          <tr role="row" class="none">
            <td role="cell" colSpan={heads.length}>
              {empty}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** One row; its cells in the order of the heads. */
export function Row({ heads, cells }: { heads: readonly Head[]; cells: readonly ComponentChildren[] }) {
  return (
    <tr role="row">
      {heads.map(([title, kind = "plain"], index) =>
        kind === "head" ? (
          <th key={title} scope="row" role="rowheader" class="head">
            {cells[index]}
          </th>
        ) : (
          <td key={title} role="cell" class={kind} data-title={kind === "plain" || kind === "details" ? title : undefined}>
            {cells[index]}
          </td>
        ),
      )}
    </tr>
  );
}
