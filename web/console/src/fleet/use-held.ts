import { useState } from "react";
import { hold, type Keyed, waiting } from "../../../shared/frozen.ts";

/**
 * Keeps a live list still. `page` names what the list shows (filters and cursor): another page is shown at once; new
 * content of the same page only changes the rows where they stand, until `apply` is called.
 */
export function useHeld<T extends Keyed>(page: string, fresh: T[] | undefined) {
  const [held, setHeld] = useState<{ page: string; rows: T[] }>();
  const shown = held?.page === page ? held.rows : undefined;
  if (fresh && !shown) setHeld({ page, rows: fresh });
  const base = shown ?? fresh ?? [];
  return {
    rows: fresh ? hold(base, fresh) : base,
    changes: fresh ? waiting(base, fresh) : 0,
    apply: () => fresh && setHeld({ page, rows: fresh }),
  };
}
