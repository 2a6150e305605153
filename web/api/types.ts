// The JSON of the HTTP API, named as the console uses it. schema.d.ts is generated from the server's own document
// (`make generate`); everything else imports from here.
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];

export type Text = Schemas["Text"];
export type Session = Schemas["SessionView"];
export type User = Schemas["UserView"];
export type About = Schemas["AboutView"];

export type TerminalPage = Schemas["TerminalPage"];
export type TerminalRow = Schemas["TerminalRow"];
export type TerminalView = Schemas["TerminalView"];
export type Ability = TerminalRow["ability"];
export type Contact = TerminalRow["contact"];
export type Reading = Schemas["ReadingView"];
export type Answer = Schemas["AnswerView"];
export type Incident = Schemas["IncidentView"];

export type CaseBrief = Schemas["CaseBrief"];
export type CaseView = Schemas["CaseView"];
export type CaseState = CaseBrief["state"];
export type Entry = Schemas["Entry"];
export type Attempt = Schemas["Attempt"];
export type StepView = Schemas["StepView"];
export type Words = Schemas["Words"];

export type Diagnosis = Schemas["Diagnosis"];
export type Ranked = Schemas["Ranked"];
export type Reason = Schemas["Reason"];
export type Next = Schemas["Next"];
export type Finding = Schemas["Finding"];

export type Explanation = Schemas["ExplanationView"];
export type Reader = "merchant" | "agent" | "technician";
export type ForMerchant = Schemas["ForMerchant"];
export type ForAgent = Schemas["ForAgent"];
export type ForTechnician = Schemas["ForTechnician"];
export type Named = Schemas["Named"];
export type Argument = Schemas["Argument"];
export type Turn = Schemas["Turn"];
export type Why = Schemas["Why"];
export type EvidenceWeight = Schemas["EvidenceWeight"];

export type Knowledge = Schemas["KnowledgeView"];
export type Candidate = Schemas["CandidateView"];
export type LearnedChange = Schemas["Change"];
export type Score = Schemas["Score"];
export type PackRef = Schemas["Ref"];

export type ReportResult = Schemas["ReportView"];
export type Enrolment = Schemas["EnrolmentView"];

/** One line of the live stream; the document does not describe streams. */
export type Change = { kind: string; terminal?: string; case?: string };

/** RFC 9457 problem details with posmedic's own members. */
export type ProblemBody = {
  status?: number;
  code: string;
  title?: Text | string;
  text?: Text;
  detail?: Text | string;
  hint?: Text | string;
  id?: string;
};
