import type { Ability, CaseView } from "../../../api/types.ts";
import { absolute, ago } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { useNow } from "../parts/clock.ts";
import { CaseStatus } from "../parts/status.tsx";
import { Cause } from "./cause.tsx";
import { NextStep } from "./next-step.tsx";
import { Tried } from "./tried.tsx";
import { WithheldSteps } from "./withheld-steps.tsx";

/** The live case in the order a person needs it: cause, how sure, effect, what to do, what was tried. */
export function CaseCard({ live, ability, shared }: { live: CaseView; ability: Ability; shared: boolean }) {
  const { t, term, lang } = useLanguage();
  const now = useNow();
  return (
    <Card title={t("card.title")} className="case" aside={<CaseStatus state={live.state} />}>
      <p className="quiet" title={absolute(live.opened_at)}>
        {t("card.opened", { ago: ago(live.opened_at, now, lang), by: term("opened_by", live.opened_by) })}
        {live.reopened > 0 && <> · {t("card.reopened", { n: live.reopened })}</>}
      </p>
      <Cause diagnosis={live.diagnosis} ability={ability} />
      <NextStep live={live} shared={shared} />
      <WithheldSteps live={live} />
      <Tried live={live} />
    </Card>
  );
}
