import Button from "antd/es/button";
import type { CaseView, Next } from "../../../api/types.ts";
import { standing } from "../../../shared/diagnosis.ts";
import { finish, startStep } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Failure } from "../parts/failure.tsx";
import { Hazards } from "./hazards.tsx";
import { Instructions } from "./instructions.tsx";
import { PersonResult } from "./person-result.tsx";
import { StepCost } from "./step-cost.tsx";
import { useAct } from "./use-act.ts";

/** The step that the diagnosis advises: a button where the system does it, instructions where a person does. */
export function StepToTake({ live, next }: { live: CaseView; next: Next }) {
  const { t, pick, term } = useLanguage();
  const step = live.steps?.[next.id];
  const effects = pick(step?.side_effects);
  return (
    <>
      <h3>
        {next.kind === "handover" ? t("next.handover", { who: term("who", next.by) }) : t("next.title")}
      </h3>
      <p className="step-name">{pick(next.text)}</p>
      <Hazards kind="first" ids={next.first} words={live.hazards} />
      <Instructions lines={next.do ?? step?.do ?? []} />
      <Hazards kind="mind" ids={next.hazards?.filter((id) => !next.first?.includes(id))} words={live.hazards} />
      {effects !== "" && (
        <p className="effects">
          <strong>{t("next.effects")}</strong> {effects}
        </p>
      )}
      <StepCost next={next} />
      {next.by === "remote" ? <RemoteButton live={live} step={next.id} /> : <ByPerson live={live} step={next.id} />}
    </>
  );
}

function RemoteButton({ live, step }: { live: CaseView; step: string }) {
  const { t } = useLanguage();
  const run = useAct(() => startStep(live.id, step));
  return (
    <>
      <Button type="primary" size="large" loading={run.isPending} onClick={() => run.mutate(undefined)}>
        {t("next.run")}
      </Button>
      <Failure error={run.error} />
    </>
  );
}

function ByPerson({ live, step }: { live: CaseView; step: string }) {
  const attempt = standing(live);
  const end = useAct(async ({ done, text }: { done: boolean; text: string }) => {
    const { id } = attempt ?? (await startStep(live.id, step));
    return finish(id, done, text);
  });
  return <PersonResult busy={end.isPending} error={end.error} onResult={(done, text) => end.mutate({ done, text })} />;
}
