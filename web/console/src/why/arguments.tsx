import type { Argument, CaseView, ForAgent } from "../../../api/types.ts";
import { filled, named } from "../../../shared/explanation.ts";
import { list, told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Marks } from "../parts/marks.tsx";
import { Ago } from "../parts/time.tsx";

/** What speaks for the cause and what against it. Where none may be named, nothing can: then it is only what is known. */
export function Arguments({ part, of }: { part: ForAgent; of: CaseView }) {
  const { t, pick, lang } = useLanguage();
  const pro = part.for ?? [];
  const con = part.against ?? [];
  const unlooked = (of.diagnosis?.unlooked ?? []).map((id) => pick(of.words?.[id]?.name) || id);
  const conflicts = (part.conflicts ?? []).map((text) => pick(text));
  return (
    <section className="why-part">
      {named(part.leading) ? (
        <div className="why-sides">
          <Side sign="for_it" list={pro} />
          <Side sign="against" list={con} />
        </div>
      ) : (
        <Side sign="known" list={[...pro, ...con]} />
      )}
      {conflicts.length > 0 && <p className="tone-degraded">{t("evidence.conflict", { names: list(conflicts, lang) })}</p>}
      {unlooked.length > 0 && (
        <p>
          {t("evidence.name", { name: t("evidence.unknown") })}
          <span className="quiet">{list(unlooked, lang)}</span>
        </p>
      )}
    </section>
  );
}

type Sign = "for_it" | "against" | "known";

const marks: Record<Sign, string> = { for_it: "✓", against: "✗", known: "·" };

function Side({ sign, list: lines }: { sign: Sign; list: Argument[] }) {
  const { t, pick } = useLanguage();
  return (
    <div>
      <h3>
        <span className={`sign sign-${sign}`} aria-hidden="true">
          {marks[sign]}
        </span>{" "}
        {t(`why.${sign}`)}
      </h3>
      {lines.length === 0 && <p className="quiet">{t(`why.${sign}.none`)}</p>}
      <ul className="why-arguments">
        {lines.map((each) => (
          <li key={`${each.variable}-${each.state}`}>
            <span>{pick(each.text)}</span>
            <span className="quiet why-strength">
              {sign !== "known" && (
                <span className={`sign-${sign}`}>
                  <Marks filled={filled(each.strength)} /> {pick(each.words)}
                </span>
              )}
              {each.source && <span>{pick(each.who)}</span>}
              {told(each.at) && <Ago at={each.at} />}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
