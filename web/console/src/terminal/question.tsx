import Button from "antd/es/button";
import type { Next } from "../../../api/types.ts";
import { answer } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Failure } from "../parts/failure.tsx";
import { StepCost } from "./step-cost.tsx";
import { useAct } from "./use-act.ts";

/** A question to a person, with the answers it can have. "Don't know" is always one of them. */
export function Question({ caseID, next }: { caseID: string; next: Next }) {
  const { t, pick, term } = useLanguage();
  const tell = useAct((state: string) => answer(caseID, next.id, state));
  const choices = [...(next.choices ?? []).map((c) => ({ state: c.state, text: pick(c.text) })), { state: "", text: t("next.dont_know") }];
  return (
    <>
      <h3>{t("next.question", { who: term("who", next.by) })}</h3>
      <p className="question">{pick(next.text)}</p>
      <div className="choices">
        {choices.map((choice) => (
          <Button
            key={choice.state}
            disabled={tell.isPending}
            loading={tell.isPending && tell.variables === choice.state}
            onClick={() => tell.mutate(choice.state)}
          >
            {choice.text}
          </Button>
        ))}
      </div>
      <StepCost next={next} />
      <Failure error={tell.error} />
    </>
  );
}
