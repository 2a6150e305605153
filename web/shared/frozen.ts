// Live lists that hold still: what is on screen keeps its place while its contents are brought up to date, and what
// would move is counted and applied only when the reader says so.

export type Keyed = { id: string };

/** The rows in the order they were shown, each with its newest content; a row that is gone stays as it was. */
export function hold<T extends Keyed>(shown: readonly T[], fresh: readonly T[]): T[] {
  const newest = new Map(fresh.map((row) => [row.id, row]));
  return shown.map((row) => newest.get(row.id) ?? row);
}

/** How many rows would come, go or move if the fresh list were shown. */
export function waiting(shown: readonly Keyed[], fresh: readonly Keyed[]): number {
  const before = new Map(shown.map((row, i) => [row.id, i]));
  const after = new Set(fresh.map((row) => row.id));
  const gone = shown.filter((row) => !after.has(row.id)).length;
  const moved = fresh.filter((row, i) => before.get(row.id) !== i).length;
  return Math.max(gone, moved);
}
