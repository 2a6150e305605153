// The calls the console makes, with the keys under which their answers are kept.
import type { Ability, Reader } from "../../api/types.ts";
import { content, http } from "../../shared/http.ts";

export type FleetFilter = { q?: string; ability?: Ability; attention?: boolean; cursor?: string };

export const keys = {
  session: ["session"] as const,
  about: ["about"] as const,
  fleet: ["terminals"] as const,
  fleetPage: (filter: FleetFilter) => ["terminals", filter] as const,
  terminal: (id: string) => ["terminal", id] as const,
  incidents: ["incidents"] as const,
  pastCase: (id: string) => ["case", id] as const,
  /** A case's revision moves with each of its diagnoses, so an explanation never outlives what it explains. */
  explanation: (id: string, revision: number, reader: Reader) => ["explanation", id, reader, revision] as const,
  knowledge: ["knowledge"] as const,
};

type Ask = { signal?: AbortSignal };

export const session = (ask: Ask) => content(http.GET("/api/v1/session", ask));
export const about = (ask: Ask) => content(http.GET("/api/v1/about", ask));
export const incidents = (ask: Ask) => content(http.GET("/api/v1/incidents", ask));
export const terminal = (id: string, ask: Ask) =>
  content(http.GET("/api/v1/terminals/{id}", { params: { path: { id } }, ...ask }));

export const pastCase = (id: string, ask: Ask) =>
  content(http.GET("/api/v1/cases/{id}", { params: { path: { id } }, ...ask }));

export const explanation = (id: string, reader: Reader, ask: Ask) =>
  content(http.GET("/api/v1/cases/{id}/explanation", { params: { path: { id }, query: { for: reader } }, ...ask }));

export const knowledge = (ask: Ask) => content(http.GET("/api/v1/knowledge", ask));
export const learnNow = () => content(http.POST("/api/v1/knowledge/candidates"));
export const promote = (id: string) =>
  content(http.POST("/api/v1/knowledge/candidates/{id}/promote", { params: { path: { id } } }));
export const rollBack = () => content(http.POST("/api/v1/knowledge/rollback"));

/** How many rows a page of the fleet list has. */
const limit = 50;

export const terminals = (filter: FleetFilter, ask: Ask) =>
  content(http.GET("/api/v1/terminals", { params: { query: { ...filter, limit } }, ...ask }));

export const signIn = (body: { name: string; password: string }) => content(http.POST("/api/v1/session", { body }));
export const signOut = () => content(http.DELETE("/api/v1/session"));
export const setUp = (body: { token: string; name: string; password: string }) =>
  content(http.POST("/api/v1/setup", { body }));

export const report = (id: string, text: string) =>
  content(http.POST("/api/v1/terminals/{id}/report", { params: { path: { id } }, body: { text } }));
export const enrol = (id: string) =>
  content(http.POST("/api/v1/terminals/{id}/enrolment", { params: { path: { id } } }));

export const answer = (id: string, variable: string, state: string) =>
  content(http.POST("/api/v1/cases/{id}/answers", { params: { path: { id } }, body: { variable, state } }));
export const startStep = (id: string, step: string) =>
  content(http.POST("/api/v1/cases/{id}/steps", { params: { path: { id } }, body: { step } }));
export const finish = (id: string, done: boolean, text: string) =>
  content(http.POST("/api/v1/attempts/{id}", { params: { path: { id } }, body: { done, text } }));
