import type { CaseView, ForAgent as Part, Named } from "../../../api/types.ts";
import { named, telling } from "../../../shared/explanation.ts";
import { list, percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";
import { Arguments } from "./arguments.tsx";
import { NamedFault } from "./named-fault.tsx";
import { WhyNext } from "./why-next.tsx";

/** For whoever helps somebody on the phone: what speaks for it and against it, and what would change that. */
export function ForAgent({ part, of }: { part: Part; of: CaseView }) {
  const { t, pick, lang } = useLanguage();
  if (!part.leading) return <p>{t("why.no_fault")}</p>;
  const together = (part.together ?? []).map((text) => pick(text));
  return (
    <>
      <Leading leading={part.leading} />
      {together.length > 1 && (
        <p>
          <strong>{t("why.together")}</strong> {list(together, lang)}
        </p>
      )}
      {part.surprise && <p className="tone-degraded">{t("cause.surprise")}</p>}
      <Arguments part={part} of={of} />
      <OtherCauses part={part} />
      <Turns part={part} />
      {part.next && <WhyNext next={part.next} />}
      <Withheld part={part} />
    </>
  );
}

function Leading({ leading }: { leading: Named }) {
  const { t, term, pick, lang } = useLanguage();
  const known = named(leading);
  if (!known) {
    return (
      <div>
        <p className="why-leading">{t("cause.unknown")}</p>
        <p className="quiet">{t("why.below")}</p>
      </div>
    );
  }
  return (
    <p className="why-leading" title={t("details.p", { p: percent(known.p, lang) })}>
      <span className="sureness">{term("cause", known.word)}</span> {pick(known.name)}
    </p>
  );
}

function OtherCauses({ part }: { part: Part }) {
  const { t, pick, term, lang } = useLanguage();
  const rest = named(part.leading) ? (part.others ?? []) : [];
  if (rest.length === 0) return null;
  return (
    <section className="why-part">
      <h3>{t("others.title")}</h3>
      <ul>
        {rest.map((each) => (
          <li key={each.fault} title={t("details.p", { p: percent(each.p, lang) })}>
            {pick(each.name)} <span className="word">{term("possible", each.word)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Turns({ part }: { part: Part }) {
  const { t, pick, lang } = useLanguage();
  const turns = telling(part.turns);
  return (
    <section className="why-part">
      <h3>{t("why.turns")}</h3>
      {turns.length === 0 && <p className="quiet">{t("why.turns.none")}</p>}
      <ul className="why-turns">
        {turns.map((turn) => (
          <li key={`${turn.variable}-${turn.state}`}>
            <span>{pick(turn.text)}</span>
            <span>
              <span aria-hidden="true">→ </span>
              <span className="unseen">{t("why.then")}</span>
              <NamedFault fault={turn.then} />
            </span>
            <span className="quiet">
              {t("why.turn.by", { who: pick(turn.who) })} · {t("why.chance", { p: percent(turn.chance, lang) })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Withheld({ part }: { part: Part }) {
  const { t, pick } = useLanguage();
  const withheld = part.withheld ?? [];
  if (withheld.length === 0) return null;
  return (
    <section className="withheld">
      <h3 className="tone-down">{t("withheld.title")}</h3>
      <ul>
        {withheld.map((each) => (
          <li key={`${each.step}-${each.hazard.en}`}>
            <Shape tone="down" />
            <span>
              <strong>{pick(each.name)}</strong> {t("withheld.because", { hazard: pick(each.hazard), reason: pick(each.reason) })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
