import type { Attempt, CaseView } from "../../../api/types.ts";
import { finish } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Stages } from "./stages.tsx";
import { Instructions } from "./instructions.tsx";
import { PersonResult } from "./person-result.tsx";
import { stepName } from "./step-name.ts";
import { useAct } from "./use-act.ts";

/** The step that is being carried out, and where it stands. */
export function UnderWay({ live, attempt }: { live: CaseView; attempt: Attempt }) {
  const language = useLanguage();
  const { t, term } = language;
  const end = useAct(({ done, text }: { done: boolean; text: string }) => finish(attempt.id, done, text));
  const person = attempt.by !== "remote" && !attempt.command;
  return (
    <>
      <h3>{person && attempt.kind === "handover" ? t("next.handover", { who: term("who", attempt.by) }) : t("attempt.title")}</h3>
      <p className="step-name">{stepName(language, live, attempt)}</p>
      <Stages attempt={attempt} caseState={live.state} />
      {attempt.state === "queued" && <p className="quiet">{t("attempt.queued.hint")}</p>}
      {attempt.who && <p className="quiet">{t("attempt.by", { who: term("who", attempt.who) })}</p>}
      {person && (
        <>
          <Instructions lines={live.steps?.[attempt.step]?.do ?? []} />
          <PersonResult busy={end.isPending} error={end.error} onResult={(done, text) => end.mutate({ done, text })} />
        </>
      )}
    </>
  );
}
