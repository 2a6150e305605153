// One way to talk to the server: JSON both ways, the header that writes need, problems as errors.
import type { ProblemBody } from "../api/types.ts";
import { Problem } from "./problem.ts";

type Method = "GET" | "POST" | "DELETE";

/** How far the server's clock is ahead of this machine's; ages are counted by the server's clock. */
let ahead = 0;

/** The server's time in milliseconds, as well as this machine can know it. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** Calls the server. It throws a Problem for every answer that is not a success. */
export async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await fetch(path, {
    method,
    signal,
    credentials: "same-origin",
    headers: headers(method, body),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  keepTime(answer.headers.get("Date"));
  const content = await answer.text();
  if (!answer.ok) throw new Problem(answer.status, problemIn(content));
  return (content === "" ? undefined : JSON.parse(content)) as T;
}

function headers(method: Method, body: unknown): Record<string, string> {
  return {
    Accept: "application/json",
    ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(method === "GET" ? {} : { "X-Posmedic": "1" }),
  };
}

function keepTime(date: string | null): void {
  const said = date === null ? Number.NaN : Date.parse(date);
  // The header counts whole seconds, so a smaller difference is no difference.
  if (!Number.isNaN(said)) ahead = Math.abs(said - Date.now()) < 2000 ? 0 : said - Date.now();
}

function problemIn(content: string): ProblemBody {
  try {
    const body = JSON.parse(content) as ProblemBody;
    if (typeof body.code === "string") return body;
  } catch {
    // Not JSON: a proxy between us and the server has answered.
  }
  return { code: "unknown", title: "" };
}
