// One way to talk to the server: typed by its own document, the header that writes need, problems as errors.
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "../api/schema.d.ts";
import type { ProblemBody } from "../api/types.ts";
import { Problem } from "./problem.ts";

/** How far the server's clock is ahead of this machine's; ages are counted by the server's clock. */
let ahead = 0;

/** The server's time in milliseconds, as well as this machine can know it. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** Keeps the server's time and turns every answer that is no success into a Problem. */
const answers: Middleware = {
  async onResponse({ response }) {
    keepTime(response.headers.get("Date"));
    if (!response.ok) throw new Problem(response.status, problemIn(await response.text()));
  },
};

/** The client of the API. Another origin's page cannot send the header, so the server trusts writes that carry it. */
export const http = createClient<paths>({ credentials: "same-origin", headers: { "X-Posmedic": "1" } });
http.use(answers);

/** The content of an answer. Failures were thrown before. */
export async function content<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

function keepTime(date: string | null): void {
  const said = date === null ? Number.NaN : Date.parse(date);
  // The header counts whole seconds, so a smaller difference is no difference.
  if (!Number.isNaN(said)) ahead = Math.abs(said - Date.now()) < 2000 ? 0 : said - Date.now();
}

/** Reads a problem; what is none (a proxy between us and the server has answered) becomes an unknown one. */
export function problemIn(text: string): ProblemBody {
  try {
    const body = JSON.parse(text) as ProblemBody;
    if (typeof body.code === "string") return body;
    if (typeof body.title === "string") return { code: "unknown", detail: body.detail ?? body.title };
  } catch {
    // Not JSON.
  }
  return { code: "unknown" };
}
