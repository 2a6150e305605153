// The JSON of the HTTP API as the console reads it. This is the one place that says it: everything imports from here.

export type Text = { zh: string; en: string };

export type Ability = "can_sell" | "restricted" | "cannot_sell" | "unknown";
export type Contact = "online" | "late" | "silent" | "never";
export type CaseState = "diagnosing" | "repairing" | "verifying" | "handed_over" | "closed";
export type Outcome = "confirmed" | "recovered" | "unclear";
export type Word = "likely" | "possible" | "unsure" | "unlikely";
export type Verdict = "healthy" | "clear" | "open" | "over";
export type NextKind = "ask" | "probe" | "do" | "handover";
export type AttemptState =
  | "planned"
  | "queued"
  | "running"
  | "done"
  | "failed"
  | "refused"
  | "expired"
  | "cancelled";

export type Session = { user: { name: string; role: string } | null; setup: boolean };

export type CaseBrief = {
  id: string;
  state: CaseState;
  fault?: Text;
  p?: number;
  word?: Word;
  incident?: string;
};

export type TerminalRow = {
  id: string;
  tid: string;
  mid: string;
  merchant: string;
  site: string;
  model?: string;
  serial?: string;
  ability: Ability;
  since?: string;
  last_proof?: string;
  contact: Contact;
  contact_at?: string;
  case?: CaseBrief;
};

export type TerminalPage = {
  rows: TerminalRow[];
  next?: string;
  counts: Partial<Record<Ability, number>>;
  total: number;
};

export type Reason = { variable: string; state: string; weight: number; at: string };

export type Ranked = {
  fault: string;
  name: Text;
  group: string;
  who: string;
  p: number;
  word: Word;
  hazards?: string[];
  for?: Reason[];
  against?: Reason[];
};

export type Cost = {
  merchant_min: number;
  desk_min: number;
  downtime_min: number;
  truck: number;
  money: number;
  risk: number;
  insult: number;
};

export type Next = {
  kind: NextKind;
  id: string;
  by: string;
  text: Text;
  do?: Text[];
  choices?: { state: string; text: Text }[];
  cost: Cost;
  minutes: number;
  command?: string;
  first?: string[];
  hazards?: string[];
  expected?: number;
  fixes?: number;
};

export type Withheld = { step: string; name: Text; hazard: string; fault: string };

export type Finding = {
  variable: string;
  state: string;
  at: string;
  source: string;
  confidence?: number;
  detail?: string;
};

export type PackRef = { id: string; version: string; hash: string };

export type Diagnosis = {
  at: string;
  pack: PackRef;
  verdict: Verdict;
  ranked: Ranked[] | null;
  next?: Next;
  withheld?: Withheld[];
  unlooked?: string[];
  evidence: Finding[] | null;
  surprise?: boolean;
  conflicts?: string[];
};

export type Attempt = {
  id: string;
  case: string;
  terminal: string;
  step: string;
  kind: NextKind;
  by: string;
  command?: string;
  state: AttemptState;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  expires: string;
  who?: string;
  text?: string;
  proof?: Record<string, string>;
};

export type Entry = { case: string; seq: number; at: string; kind: string; by: string; text: Text };

export type Words = { name: Text; states: Record<string, Text> | null };

export type StepView = { name: Text; by: string; do: Text[] | null; side_effects: Text; remote: boolean };

export type CaseView = {
  id: string;
  terminal: string;
  state: CaseState;
  opened_at: string;
  opened_by: string;
  closed_at?: string;
  outcome?: Outcome;
  incident?: string;
  reopened: number;
  revision: number;
  diagnosis?: Diagnosis;
  words: Record<string, Words> | null;
  attempts: Attempt[] | null;
  steps: Record<string, StepView> | null;
  timeline: Entry[] | null;
  hazards: Record<string, Text> | null;
};

export type Incident = {
  id: string;
  attribute: string;
  value: string;
  opened_at: string;
  ended_at?: string;
  failing: number;
  total: number;
  peak: number;
  notice?: string;
  sentence: Text;
};

export type Reading = { name: string; value: number; text?: string; at: string };
export type Answer = { at: string; kind: string; code: string; by: "host" | "terminal" };

export type TerminalView = TerminalRow & {
  attributes: Record<string, string> | null;
  sign_in_at?: string;
  sale_rrn?: string;
  unsent: number;
  readings: Reading[] | null;
  answers: Answer[] | null;
  live?: CaseView;
  history: CaseBrief[] | null;
  incidents: Incident[] | null;
};

export type ReportResult = { findings: Finding[] | null; not_understood: string[] | null };
export type Enrolment = { code: string; expires_at: string; command: string };
export type About = { version: string; pack: PackRef };
export type Change = { kind: string; terminal?: string; case?: string };

/** RFC 9457 problem details with our own members. */
export type ProblemBody = {
  status?: number;
  code: string;
  title: Text | string;
  detail?: Text | string;
  hint?: Text | string;
  id?: string;
};
