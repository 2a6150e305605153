import type { CaseBrief } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { CaseStatus } from "../parts/status.tsx";

/** Closed cases, newest first. */
export function History({ cases }: { cases: CaseBrief[] }) {
  const { t, pick, term } = useLanguage();
  return (
    <Card title={t("terminal.history")}>
      {cases.length === 0 && <p className="quiet">{t("terminal.history.empty")}</p>}
      <ul className="history">
        {cases.map((each) => (
          <li key={each.id}>
            <CaseStatus state={each.state} />
            <span>{each.fault ? pick(each.fault) : t("fleet.no_cause")}</span>
            {each.word && <span className="word">{term("word", each.word)}</span>}
          </li>
        ))}
      </ul>
    </Card>
  );
}
