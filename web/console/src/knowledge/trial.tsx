import type { Candidate } from "../../../api/types.ts";
import { absolute, rounded, signed } from "../../../shared/format.ts";
import { trialProgress } from "../../../shared/knowledge.ts";
import { useLanguage } from "../language.tsx";
import { useNow } from "../parts/clock.ts";
import { Scores } from "./scores.tsx";

type Shadowed = NonNullable<Candidate["shadowed"]>;

/** How the numbers do beside those in force, on cases that closed since; nobody is advised by them. */
export function Trial({ candidate, shadowed }: { candidate: Candidate; shadowed: Shadowed }) {
  const { t, term, lang } = useLanguage();
  const now = useNow();
  const trying = shadowed.why === "trying";
  return (
    <section className="why-part">
      <h3>{t("trial.title")}</h3>
      <p>{term("trial.why", shadowed.why)}</p>
      <p>{t("trial.cases", { n: shadowed.cases, wanted: shadowed.wanted, until: absolute(shadowed.until).slice(0, 16) })}</p>
      {trying && (
        <progress aria-label={t("trial.title")} max={1} value={trialProgress(shadowed, candidate.at, now)} />
      )}
      {shadowed.gain.error > 0 && (
        <p className="quiet">{t("gate.gain", { gain: signed(shadowed.gain.mean, 3, lang), error: rounded(shadowed.gain.error, 3, lang) })}</p>
      )}
      {shadowed.cases > 0 && (
        <Scores label={t("trial.title")} pairs={[{ id: "shadow", before: shadowed.scores?.[0], after: shadowed.scores?.[1] }]} />
      )}
    </section>
  );
}
