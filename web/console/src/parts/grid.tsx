import { type KeyboardEvent, memo, type ReactNode } from "react";

export type Column<Row> = {
  id: string;
  head: string;
  cell: (row: Row) => ReactNode;
  className?: string;
};

type Props<Row> = { label: string; columns: Column<Row>[]; rows: Row[] };

const down = new Set(["ArrowDown", "j"]);
const up = new Set(["ArrowUp", "k"]);

/** Moves the focus to the row's link below or above; Enter then opens it, as with any link. */
function walk(event: KeyboardEvent<HTMLTableElement>): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.nativeEvent.isComposing) return;
  const step = down.has(event.key) ? 1 : up.has(event.key) ? -1 : 0;
  if (step === 0) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row-link]")];
  const to = links[links.indexOf(document.activeElement as HTMLElement) + step];
  if (!to) return;
  event.preventDefault();
  to.focus();
}

/**
 * A dense list. On a phone each row becomes a card by style alone, so the roles are written out: a browser drops those
 * of a table that is not laid out as one.
 */
export function Grid<Row extends { id: string }>({ label, columns, rows }: Props<Row>) {
  return (
    // The keys only move the focus between links that the table holds anyway.
    <table className="grid" role="table" aria-label={label} onKeyDown={walk}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.id} role="columnheader" scope="col" className={column.className}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <GridRow key={row.id} row={row} columns={columns as Column<{ id: string }>[]} />
        ))}
      </tbody>
    </table>
  );
}

const GridRow = memo(function GridRow({ row, columns }: { row: { id: string }; columns: Column<{ id: string }>[] }) {
  return (
    <tr role="row">
      {columns.map((column) => (
        <td key={column.id} role="cell" className={column.className} data-head={column.head}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
});
