import type { Attempt, CaseView } from "../../../api/types.ts";
import type { Language } from "../language.tsx";

/** What an attempt does, in words: the step's name, or what a probe reads. */
export function stepName({ t, pick }: Language, live: CaseView, attempt: Attempt): string {
  const step = live.steps?.[attempt.step];
  if (step) return pick(step.name);
  const variable = attempt.step.replace(/^probe:/, "");
  const read = pick(live.words?.[variable]?.name);
  if (attempt.kind === "probe") return t("attempt.probe", { what: read || variable });
  return attempt.step;
}
