import type { Diagnosis } from "../../../api/types.ts";
import { leading, others } from "../../../shared/diagnosis.ts";
import { percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";

/** What else it could be. Without a nameable cause nothing is named at all. */
export function Others({ diagnosis }: { diagnosis: Diagnosis }) {
  const { t, pick, term, lang } = useLanguage();
  const rest = leading(diagnosis) ? others(diagnosis) : [];
  if (rest.length === 0) return null;
  return (
    <section className="others">
      <h3>{t("others.title")}</h3>
      <ul>
        {rest.map((fault) => (
          <li key={fault.fault} title={t("details.p", { p: percent(fault.p, lang) })}>
            {pick(fault.name)} <span className="word">{term("possible", fault.word)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
