// What went wrong, in a form that a page can show: what happened, what to do, and the number to tell the operator.
import type { ProblemBody, Text } from "../api/types.ts";

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: Text | string | undefined;
  readonly detail: Text | string | undefined;
  readonly hint: Text | string | undefined;
  readonly id: string | undefined;

  constructor(status: number, body: Partial<ProblemBody> & { code: string }) {
    super(body.code);
    this.code = body.code;
    this.status = status;
    this.title = body.text ?? body.title;
    this.detail = body.detail;
    this.hint = body.hint;
    this.id = body.id;
  }
}

/** The problem inside whatever was thrown; what has no code of its own is one of two kinds we have words for. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem(0, { code: thrown instanceof TypeError ? "network" : "unknown" });
}
