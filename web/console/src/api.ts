// The calls the console makes, with the keys under which their answers are kept.
import type {
  About,
  Attempt,
  Enrolment,
  Incident,
  ReportResult,
  Session,
  TerminalPage,
  TerminalView,
} from "../../api/types.ts";
import { call } from "../../shared/http.ts";

const v1 = "/api/v1";
const at = (...parts: string[]) => [v1, ...parts.map(encodeURIComponent)].join("/");

export type FleetFilter = { q?: string; ability?: string; attention?: boolean; cursor?: string };

export const keys = {
  session: ["session"] as const,
  about: ["about"] as const,
  fleet: ["terminals"] as const,
  fleetPage: (filter: FleetFilter) => ["terminals", filter] as const,
  terminal: (id: string) => ["terminal", id] as const,
  incidents: ["incidents"] as const,
};

type Ask = { signal?: AbortSignal };

export const session = ({ signal }: Ask) => call<Session>("GET", at("session"), undefined, signal);
export const about = ({ signal }: Ask) => call<About>("GET", at("about"), undefined, signal);
export const terminal = (id: string, { signal }: Ask) =>
  call<TerminalView>("GET", at("terminals", id), undefined, signal);
export const incidents = ({ signal }: Ask) =>
  call<{ rows: Incident[] | null }>("GET", at("incidents"), undefined, signal);

/** How many rows a page of the fleet list has. */
export const pageSize = 50;

export function terminals(filter: FleetFilter, { signal }: Ask): Promise<TerminalPage> {
  const query = new URLSearchParams({ limit: String(pageSize) });
  if (filter.q) query.set("q", filter.q);
  if (filter.ability) query.set("ability", filter.ability);
  if (filter.attention) query.set("attention", "true");
  if (filter.cursor) query.set("cursor", filter.cursor);
  return call<TerminalPage>("GET", `${at("terminals")}?${query}`, undefined, signal);
}

export const signIn = (body: { name: string; password: string }) => call<unknown>("POST", at("session"), body);
export const signOut = () => call<unknown>("DELETE", at("session"));
export const setUp = (body: { token: string; name: string; password: string }) =>
  call<unknown>("POST", at("setup"), body);
export const report = (terminalID: string, text: string) =>
  call<ReportResult>("POST", at("terminals", terminalID, "report"), { text });
export const enrol = (terminalID: string) => call<Enrolment>("POST", at("terminals", terminalID, "enrolment"));
export const answer = (caseID: string, variable: string, state: string) =>
  call<unknown>("POST", at("cases", caseID, "answers"), { variable, state });
export const startStep = (caseID: string, step: string) =>
  call<Attempt>("POST", at("cases", caseID, "steps"), { step });
export const finish = (attemptID: string, done: boolean, text: string) =>
  call<unknown>("POST", at("attempts", attemptID), { done, text });
