import type { CaseView } from "../../../api/types.ts";
import { changes, isFinal } from "../../../shared/diagnosis.ts";
import { told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Ago } from "../parts/time.tsx";
import { Stages } from "./stages.tsx";
import { stepName } from "./step-name.ts";

/** Steps that have ended. Probes only find something out; what they found stands with the evidence. */
export function Tried({ live }: { live: CaseView }) {
  const language = useLanguage();
  const { t } = language;
  const ended = (live.attempts ?? []).filter((a) => isFinal(a.state) && a.state !== "cancelled" && changes(a));
  if (ended.length === 0) return null;
  return (
    <section className="tried">
      <h3>{t("tried.title")}</h3>
      <ul>
        {ended.map((attempt) => (
          <li key={attempt.id}>
            {stepName(language, live, attempt)}{" "}
            {told(attempt.ended_at) && (
              <span className="quiet">
                <Ago at={attempt.ended_at} />
              </span>
            )}
            <Stages attempt={attempt} caseState={live.state} />
            {attempt.text && <p className="quiet">{attempt.text}</p>}
            <Proof proof={attempt.proof} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Proof({ proof }: { proof: Record<string, string> | undefined }) {
  // Who did it stands in the timeline.
  const entries = Object.entries(proof ?? {}).filter(([name]) => name !== "by");
  if (entries.length === 0) return null;
  return <p className="mono quiet">{entries.map(([name, value]) => `${name}=${value}`).join(" ")}</p>;
}
