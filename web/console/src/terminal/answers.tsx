import type { Answer } from "../../../api/types.ts";
import { once } from "../../../shared/answers.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Ago } from "../parts/time.tsx";

/** How many answers are worth reading; older ones say nothing about now. */
const shown = 8;

/** What the host answered lately, newest first. */
export function Answers({ answers }: { answers: Answer[] }) {
  const { t, term } = useLanguage();
  return (
    <Card title={t("terminal.answers")}>
      {answers.length === 0 && <p className="quiet">{t("terminal.answers.empty")}</p>}
      <ul className="answers">
        {once(answers).slice(0, shown).map((answer, i) => (
          <li key={`${answer.at}-${answer.kind}-${i}`}>
            <span>{term("kind", answer.kind)}</span>
            <span className={answer.code === "00" ? "mono tone-ok" : "mono tone-down"}>
              {answer.code || t("terminal.answers.no_code")}
            </span>
            <span className="quiet">
              <Ago at={answer.at} /> · {t(`terminal.answers.by.${answer.by}`)}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
