import type { Score } from "../../../api/types.ts";
import { compare, type Measure, measures, type Verdict } from "../../../shared/knowledge.ts";
import { fine, rounded } from "../../../shared/format.ts";
import type { Lang } from "../../../shared/i18n.ts";
import { useLanguage } from "../language.tsx";
import { Scroll } from "../parts/scroll.tsx";
import { Shape, type Tone } from "../parts/shape.tsx";

export type Pair = { id: "golden" | "held" | "shadow"; before: Score | undefined; after: Score | undefined };

/** Measures before and after, one column of each for every set of cases, with which way each went. */
export function Scores({ pairs, label }: { pairs: Pair[]; label: string }) {
  const { t } = useLanguage();
  const tried = pairs.filter((pair) => (pair.after?.cases ?? 0) > 0);
  if (tried.length === 0) return <p className="quiet">{t("gate.no_cases")}</p>;
  return (
    <Scroll label={label}>
      <table className="figures scores">
        <thead>
          <tr>
            <th scope="col">{t("gate.measure")}</th>
            {tried.map((pair) => (
              <th key={pair.id} scope="col">
                {t(`gate.${pair.id}`, { n: pair.after?.cases ?? 0 })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {measures.map((measure) => (
            <tr key={measure.id}>
              <th scope="row" title={t(`measure.${measure.id}.hint`)}>
                {t(`measure.${measure.id}`)}
              </th>
              {tried.map((pair) => (
                <td key={pair.id}>
                  <Moved measure={measure} pair={pair} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const tones: Record<Verdict, Tone> = { better: "ok", worse: "degraded", same: "unknown" };

function Moved({ measure, pair }: { measure: Measure; pair: Pair }) {
  const { t, lang } = useLanguage();
  const { before, after } = pair;
  const verdict = compare(measure, before, after);
  if (!before || !after || !verdict) return null;
  return (
    <span className="moved">
      <span className="number">
        {write(measure, before[measure.id], lang)} → <strong>{write(measure, after[measure.id], lang)}</strong>
      </span>
      <span className={`moved-word tone-${tones[verdict]}`}>
        {verdict !== "same" && <Shape tone={tones[verdict]} />}
        {t(`gate.${verdict}`)}
      </span>
      {measure.id === "ece" && (
        <span className="quiet interval">
          {t("measure.interval", { low: fine(after.ece_low, lang), high: fine(after.ece_high, lang), floor: fine(after.ece_floor, lang) })}
        </span>
      )}
    </span>
  );
}

function write(measure: Measure, value: number, lang: Lang): string {
  if (measure.kind === "share") return fine(value, lang);
  return rounded(value, measure.kind === "count" ? 0 : 3, lang);
}
