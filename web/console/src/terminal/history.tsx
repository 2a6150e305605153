import type { CaseBrief } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { OutcomeStatus } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";

/** Closed cases, newest first. */
export function History({ cases }: { cases: CaseBrief[] }) {
  const { t, pick } = useLanguage();
  return (
    <Card title={t("terminal.history")}>
      {cases.length === 0 && <p className="quiet">{t("terminal.history.empty")}</p>}
      <ul className="history">
        {cases.map((each) => (
          <li key={each.id}>
            <span>{each.fault ? pick(each.fault) : t("fleet.no_cause")}</span>
            <span className="quiet">
              <Ago at={each.closed_at ?? each.opened_at} />
            </span>
            {each.outcome && <OutcomeStatus outcome={each.outcome} />}
          </li>
        ))}
      </ul>
    </Card>
  );
}
