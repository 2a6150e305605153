import type { Why } from "../../../api/types.ts";
import { minutes, percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { NamedFault } from "./named-fault.tsx";

/** A smaller difference (weighed minutes) would be taken for more than it is. */
const TELLING = 1;

/** Why this is the step to take now, and where each answer or outcome leads. */
export function WhyNext({ next }: { next: Why }) {
  const { t, pick, lang } = useLanguage();
  const more = (next.without ?? 0) - (next.with ?? 0);
  const facts = [
    next.fixes !== undefined && next.fixes > 0 && t("next.fixes", { p: percent(next.fixes, lang) }),
    next.with !== undefined && next.with > 0 && t("why.with", { time: minutes(next.with, lang) }),
    more >= TELLING && t("why.without", { time: minutes(more, lang) }),
  ].filter((fact) => typeof fact === "string");
  return (
    <section className="why-part">
      <h3>{t(`why.next.${next.kind}`)}</h3>
      <p className="step-name">{pick(next.name)}</p>
      <p>{t("why.because", { reason: pick(next.reason) })}</p>
      {facts.length > 0 && <p className="quiet">{facts.join(" · ")}</p>}
      <Leads next={next} />
    </section>
  );
}

function Leads({ next }: { next: Why }) {
  const { t, pick, lang } = useLanguage();
  const leads = next.leads ?? [];
  if (leads.length === 0) return null;
  return (
    <div>
      <h4>{t("why.leads")}</h4>
      <ul className="why-turns">
        {leads.map((lead) => (
          <li key={lead.state}>
            <span>
              {pick(lead.text)} <span className="quiet">{t("why.chance", { p: percent(lead.chance, lang) })}</span>
            </span>
            <span>
              <span aria-hidden="true">→ </span>
              <span className="unseen">{t("why.then")}</span>
              <NamedFault fault={lead.leading} />
            </span>
            <span className="quiet">{t("why.leads.next", { next: pick(lead.next) })}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
