import type { CaseView } from "../../../api/types.ts";
import { current } from "../../../shared/diagnosis.ts";
import { useLanguage } from "../language.tsx";
import { Question } from "./question.tsx";
import { StepToTake } from "./step-to-take.tsx";
import { UnderWay } from "./under-way.tsx";

/** What happens next, and the one thing the reader can do about it. */
export function NextStep({ live, shared }: { live: CaseView; shared: boolean }) {
  const { t } = useLanguage();
  return (
    <section className="next" aria-label={t("next.title")}>
      <Content live={live} shared={shared} />
    </section>
  );
}

function Content({ live, shared }: { live: CaseView; shared: boolean }) {
  const { t, pick } = useLanguage();
  const attempt = current(live);
  const next = live.diagnosis?.next;
  if (live.state === "verifying") return <Verifying />;
  if (attempt && attempt.state !== "planned") return <UnderWay live={live} attempt={attempt} />;
  if (next?.kind === "ask" && live.state === "diagnosing") return <Question caseID={live.id} next={next} />;
  if (next?.kind === "probe") {
    return <Say title={t("next.probing", { what: pick(next.text) })} body={t("next.probing.hint")} />;
  }
  if (next && next.kind !== "ask") return <StepToTake live={live} next={next} />;
  if (attempt) return <UnderWay live={live} attempt={attempt} />;
  return <Say title={t("next.title")} body={t(shared ? "next.none.shared" : "next.none")} />;
}

function Verifying() {
  const { t } = useLanguage();
  return <Say title={t("verify.title")} body={t("verify.body")} />;
}

function Say({ title, body }: { title: string; body: string }) {
  return (
    <>
      <h3>{title}</h3>
      <p>{body}</p>
    </>
  );
}
