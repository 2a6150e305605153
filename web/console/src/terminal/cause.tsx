import type { Ability, Diagnosis } from "../../../api/types.ts";
import { leading } from "../../../shared/diagnosis.ts";
import { percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";

/** What is wrong, how sure that is, and what it stops. */
export function Cause({ diagnosis, ability }: { diagnosis: Diagnosis | undefined; ability: Ability }) {
  const { t, pick, term, lang } = useLanguage();
  const top = leading(diagnosis);
  return (
    <section className="cause" aria-label={t("cause.title")}>
      {top ? (
        <h3 title={t("details.p", { p: percent(top.p, lang) })}>
          <span className="sureness">{term("cause", top.word)}</span> {pick(top.name)}
        </h3>
      ) : (
        <h3>{t(diagnosis ? "cause.unknown" : "cause.waiting")}</h3>
      )}
      {diagnosis && !top && <p>{t("cause.unknown.hint")}</p>}
      {diagnosis?.surprise && <p className="tone-degraded">{t("cause.surprise")}</p>}
      <p>{t(`stops.${ability}`)}</p>
    </section>
  );
}
