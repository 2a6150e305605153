import type { ReactNode } from "react";

/** Room for a table that may be wider than a phone. It takes the focus, or nobody could scroll it with the keys. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
