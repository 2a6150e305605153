// What the host answered, as one story: the host and the terminal both tell of the same exchange.
import type { Answer } from "../api/types.ts";

/** Two accounts of the same exchange lie at most this far apart (milliseconds). */
const sameExchange = 5000;

/** Leaves out what the terminal tells of an exchange that the host tells too; the host's word is the stronger one. */
export function once(answers: readonly Answer[]): Answer[] {
  const byHost = answers.filter((each) => each.by === "host");
  return answers.filter((each) => each.by === "host" || !byHost.some((seen) => same(each, seen)));
}

function same(a: Answer, b: Answer): boolean {
  return a.kind === b.kind && a.code === b.code && Math.abs(Date.parse(a.at) - Date.parse(b.at)) <= sameExchange;
}
