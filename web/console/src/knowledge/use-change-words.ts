import type { Candidate, LearnedChange } from "../../../api/types.ts";
import { fine, minutes, rounded } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";

/** Puts a learned change into a person's words. */
export function useChangeWords(candidate: Candidate) {
  const { t, term, pick, lang } = useLanguage();
  const name = (id: string | undefined) => (id ? pick(candidate.names[id]) || id : "");
  const variable = (id: string | undefined) => (id ? pick(candidate.words[id]?.name) || id : "");
  const state = (change: LearnedChange) =>
    (change.variable && pick(candidate.words[change.variable]?.states[change.state ?? ""])) || change.state || "";
  return {
    what(change: LearnedChange): string {
      switch (change.what) {
        case "shows":
          return t("change.shows", { fault: name(change.fault), variable: variable(change.variable), state: state(change) });
        case "fixes":
          return t("change.fixes", { fault: name(change.fault), step: name(change.step) });
        case "minutes":
          return name(change.step) || variable(change.variable);
        case "context":
          return t("change.context", { fault: name(change.fault), attribute: term("terminal.attr", change.attribute ?? ""), value: change.value ?? "" });
        default:
          return name(change.fault);
      }
    },
    measure: (change: LearnedChange): string => term("change.measure", change.what),
    value(change: LearnedChange, mean: number): string {
      if (change.what === "minutes") return minutes(mean, lang);
      if (change.what === "context") return `×${rounded(mean, 2, lang)}`;
      if (change.what === "rate") return rounded(mean, mean < 10 ? 2 : 1, lang);
      return fine(mean, lang);
    },
  };
}
