export type Tone = "ok" | "degraded" | "down" | "busy" | "unknown";

const paths: Record<Tone, string> = {
  ok: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z",
  degraded: "M8 2 15 14H1Z",
  down: "M2.5 2.5h11v11h-11Z",
  busy: "M8 1l7 7-7 7-7-7Z",
  unknown: "M2 7h12v2.5H2Z",
};

/** The shape of a state, so that nobody needs to tell colours apart. The word always stands beside it. */
export function Shape({ tone }: { tone: Tone }) {
  return (
    <svg className={`shape tone-${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[tone]} fill="currentColor" />
    </svg>
  );
}
