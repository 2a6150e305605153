import type { Diagnosis, Words } from "../../../api/types.ts";
import { type Evidence, evidence, indifferent, leading, type Sign } from "../../../shared/diagnosis.ts";
import { list, told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Ago } from "../parts/time.tsx";

type WordsOf = Record<string, Words>;

/** Why: what speaks for the cause, what against it, and what nobody has looked at. */
export function EvidenceList({ diagnosis, words }: { diagnosis: Diagnosis; words: WordsOf }) {
  const { t, pick, lang } = useLanguage();
  const lines = evidence(diagnosis);
  const known = lines.filter((line) => line.sign !== "unknown");
  const unlooked = lines.filter((line) => line.sign === "unknown").map((line) => pick(words[line.variable]?.name) || line.variable);
  const rest = indifferent(diagnosis);
  const named = leading(diagnosis) !== undefined;
  const conflicts = (diagnosis.conflicts ?? []).map((id) => pick(words[id]?.name) || id);
  return (
    <section className="evidence">
      <h3>{t(named ? "evidence.title" : "evidence.found")}</h3>
      {lines.length === 0 && <p className="quiet">{t("evidence.none")}</p>}
      <ul>
        {known.map((line) => (
          <Line key={`${line.sign}-${line.variable}`} line={line} words={words} named={named} />
        ))}
        {unlooked.length > 0 && (
          <li className="sign-unknown">
            <span className="sign" aria-hidden="true">
              {marks.unknown}
            </span>
            <span>
              {t("evidence.name", { name: t("evidence.unknown") })}
              <span className="quiet">{list(unlooked, lang)}</span>
            </span>
          </li>
        )}
      </ul>
      {conflicts.length > 0 && <p className="tone-degraded">{t("evidence.conflict", { names: list(conflicts, lang) })}</p>}
      {rest.length > 0 && (
        <details>
          <summary>{t("evidence.more", { n: rest.length })}</summary>
          <ul>
            {rest.map((found) => (
              <Line key={found.variable} line={{ ...found, sign: "for" }} words={words} named={false} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

const marks: Record<Sign, string> = { for: "✓", against: "✗", unknown: "?" };

function Line({ line, words, named }: { line: Evidence; words: WordsOf; named: boolean }) {
  const { t, pick, term } = useLanguage();
  const known = words[line.variable];
  const value = pick(known?.states[line.state ?? ""]) || line.state;
  const mark = named ? marks[line.sign] : "·";
  return (
    <li className={`sign-${line.sign}`}>
      <span className="sign" aria-hidden="true">
        {mark}
      </span>
      <span>
        {named && (
          <span className="unseen">{t("evidence.name", { name: t(`evidence.${line.sign}`) })}</span>
        )}
        {t("evidence.name", { name: pick(known?.name) || line.variable })}
        <strong>{value}</strong>
        {line.detail && line.detail !== value && <span className="detail"> “{line.detail}”</span>}
        {told(line.at) && (
          <span className="quiet" title={line.weight === undefined ? undefined : t("evidence.weight", { weight: line.weight.toFixed(1) })}>
            {" "}
            <Ago at={line.at} />
            {line.source && <>, {term("source", line.source)}</>}
          </span>
        )}
      </span>
    </li>
  );
}
