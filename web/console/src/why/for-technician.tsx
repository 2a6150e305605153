import type { ReactNode } from "react";
import type { Explanation, ForTechnician as Part } from "../../../api/types.ts";
import { helpedShare, named } from "../../../shared/explanation.ts";
import { almost, number, percent, signed } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Ago } from "../parts/time.tsx";
import { CostParts } from "./cost-parts.tsx";
import { Weights } from "./weights.tsx";

/** For whoever checks the reckoning: weights, revision, costs and record. */
export function ForTechnician({ part, explanation }: { part: Part; explanation: Explanation }) {
  return (
    <>
      {part.leading && <FromTo part={part} />}
      {part.leading && <Weights weights={part.weights ?? []} />}
      {part.cost && <CostParts cost={part.cost} />}
      <TrackRecord part={part} />
      <Model part={part} explanation={explanation} />
    </>
  );
}

function FromTo({ part }: { part: Part }) {
  const { t, pick, term, lang } = useLanguage();
  const known = named(part.leading);
  const odds = (o: { p: number; decibans: number }) => (
    <>
      <span className="why-p">{almost(o.p, lang)}</span> <span className="mono quiet">{signed(o.decibans, 1, lang)} dB</span>
    </>
  );
  return (
    <section className="why-part">
      <p className="why-leading">
        {known ? (
          <>
            <span className="sureness">{term("cause", known.word)}</span> {pick(known.name)}{" "}
          </>
        ) : (
          t("cause.unknown")
        )}
      </p>
      {!known && <p className="quiet">{t("why.below.technician")}</p>}
      <dl className="why-odds">
        <div>
          <dt>{t("why.prior")}</dt>
          <dd>{odds(part.prior)}</dd>
        </div>
        <div>
          <dt>{t("why.now")}</dt>
          <dd>{odds(part.now)}</dd>
        </div>
      </dl>
    </section>
  );
}

function TrackRecord({ part }: { part: Part }) {
  const { t, pick, lang } = useLanguage();
  if (!part.record) return null;
  const { tried, helped, name } = part.record;
  const share = helpedShare(part.record);
  return (
    <section className="why-part">
      <h3>{t("why.record", { step: pick(name) })}</h3>
      {share === undefined ? (
        <p className="quiet">{t("why.record.none")}</p>
      ) : (
        <p>
          {t("why.record.line", { n: tried, helped: number(helped, lang) })} <span className="quiet">({percent(share, lang)})</span>
        </p>
      )}
    </section>
  );
}

function Model({ part, explanation }: { part: Part; explanation: Explanation }) {
  const { t, lang } = useLanguage();
  const { model } = part;
  return (
    <section className="why-part">
      <h3>{t("why.model")}</h3>
      <dl className="facts">
        <Fact name={t("why.model.pack")}>
          {model.pack.id} {model.pack.version} <span className="mono quiet">{model.pack.hash.slice(0, 12)}</span>
        </Fact>
        <Fact name={t("why.model.engine")}>{t("why.model.engine.value", { revision: model.engine, faults: number(model.faults, lang) })}</Fact>
        {part.leading && (
          <Fact name={t("why.model.about")}>
            <span className="mono">{part.leading.fault}</span>
          </Fact>
        )}
        <Fact name={t("why.model.act")}>{percent(model.act, lang)}</Fact>
        <Fact name={t("why.model.hazard")}>{percent(model.hazard_mass, lang)}</Fact>
        <Fact name={t("why.model.made")}>
          {t("why.model.seq", { seq: explanation.seq })} · <Ago at={explanation.at} />
        </Fact>
        <Fact name={t("why.model.again")}>{t(`why.same.${explanation.same}`)}</Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
