import type { Candidate } from "../../../api/types.ts";
import { rounded, signed } from "../../../shared/format.ts";
import { harm } from "../../../shared/knowledge.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";
import { Scores } from "./scores.tsx";

/** What the gate said when it tried the numbers on cases it knew, and why. */
export function GateSays({ candidate }: { candidate: Candidate }) {
  const { t, term } = useLanguage();
  const { report } = candidate;
  const tone = report.passed ? "ok" : "down";
  const { before, after } = harm(report);
  return (
    <section className="why-part">
      <h3>{t("gate.title")}</h3>
      <p className="reason">
        <Shape tone={tone} />
        <span>
          <strong className={`tone-${tone}`}>{t(report.passed ? "gate.passed" : "gate.refused")}</strong> {term("gate.why", report.why)}
        </span>
      </p>
      <p>{t(after > 0 ? "gate.harm" : "gate.no_harm", { before, after })}</p>
    </section>
  );
}

/** The figures that the gate went by. */
export function GateScores({ candidate }: { candidate: Candidate }) {
  const { t, lang } = useLanguage();
  const { report } = candidate;
  return (
    <section className="why-part">
      {report.gain.error > 0 && (
        <p className="quiet">{t("gate.gain", { gain: signed(report.gain.mean, 3, lang), error: rounded(report.gain.error, 3, lang) })}</p>
      )}
      <Scores
        label={t("gate.title")}
        pairs={[
          { id: "golden", before: report.golden?.[0], after: report.golden?.[1] },
          { id: "held", before: report.held?.[0], after: report.held?.[1] },
        ]}
      />
    </section>
  );
}
