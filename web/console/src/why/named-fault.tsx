import type { Named } from "../../../api/types.ts";
import { named } from "../../../shared/explanation.ts";
import { percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";

/** A fault with how sure it is, or that it is too unsure to be named. */
export function NamedFault({ fault }: { fault: Named | undefined }) {
  const { t, pick, term, lang } = useLanguage();
  const known = named(fault);
  if (!known) return <span className="quiet">{t(fault ? "why.no_cause" : "why.no_fault")}</span>;
  return (
    <span title={t("details.p", { p: percent(known.p, lang) })}>
      {pick(known.name)} <span className="word">{term("word", known.word)}</span>
    </span>
  );
}
