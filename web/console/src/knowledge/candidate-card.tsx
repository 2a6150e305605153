import type { Candidate } from "../../../api/types.ts";
import { may } from "../../../shared/knowledge.ts";
import { number, rounded } from "../../../shared/format.ts";
import { promote } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Shape, type Tone } from "../parts/shape.tsx";
import { Ago } from "../parts/time.tsx";
import { useMe } from "../people/use-me.ts";
import { Changes } from "./changes.tsx";
import { GateSays, GateScores } from "./gate.tsx";
import { Trial } from "./trial.tsx";
import { useDecide } from "./use-decide.ts";

type State = Candidate["state"];

const tones: Record<State, Tone> = { rejected: "down", shadow: "busy", passed: "ok", promoted: "ok", rolled_back: "unknown" };

/** One set of learned numbers: where it stands and why, what it would change, and the decision where one is due. */
export function CandidateCard({ candidate }: { candidate: Candidate }) {
  const { t } = useLanguage();
  const { state } = candidate;
  return (
    <Card
      title={t("candidate.title", { id: candidate.id.slice(-6) })}
      className="candidate"
      aside={
        <span className={`status tone-${tones[state]}`}>
          <Shape tone={tones[state]} />
          {t(`candidate.${state}`)}
        </span>
      }
    >
      <p>
        {t(`candidate.${state}.means`)} <Learned candidate={candidate} />
      </p>
      <Promote candidate={candidate} />
      <GateSays candidate={candidate} />
      {over.has(state) ? (
        <details>
          <summary>{t("candidate.figures")}</summary>
          <Figures candidate={candidate} />
        </details>
      ) : (
        <Figures candidate={candidate} />
      )}
    </Card>
  );
}

/** What was decided for good need not fill the page. */
const over: ReadonlySet<State> = new Set<State>(["rejected", "rolled_back"]);

function Figures({ candidate }: { candidate: Candidate }) {
  return (
    <div className="candidate-figures">
      <GateScores candidate={candidate} />
      {candidate.shadowed && <Trial candidate={candidate} shadowed={candidate.shadowed} />}
      <Changes candidate={candidate} />
    </div>
  );
}

function Learned({ candidate }: { candidate: Candidate }) {
  const { t, lang } = useLanguage();
  const { learned } = candidate;
  const faded = learned.cases - learned.worth >= 0.5;
  return (
    <span className="quiet">
      {t("candidate.cases", { n: learned.cases })}
      {faded && t("candidate.worth", { worth: rounded(learned.worth, 0, lang) })}
      {t("candidate.named", { named: number(learned.named, lang) })} <Ago at={candidate.at} />
    </span>
  );
}

function Promote({ candidate }: { candidate: Candidate }) {
  const { t } = useLanguage();
  const me = useMe();
  const decide = useDecide(() => promote(candidate.id));
  if (candidate.state !== "passed") return null;
  if (!candidate.may_promote) return <p className="tone-degraded">{t("candidate.outdated")}</p>;
  if (!may(me, "knowledge.promote")) return <p className="quiet">{t("candidate.not_yours")}</p>;
  return (
    <div>
      <Confirm label={t("candidate.promote")} busy={decide.isPending} error={decide.error} onAgree={() => decide.mutateAsync()}>
        <ul className="consequences">
          <li>{t("candidate.promote.now", { n: candidate.moved, version: candidate.result.version })}</li>
          <li>{t("candidate.promote.cases")}</li>
          <li>{t("candidate.promote.back")}</li>
        </ul>
      </Confirm>
    </div>
  );
}
