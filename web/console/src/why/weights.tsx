import type { EvidenceWeight } from "../../../api/types.ts";
import { type Bar, bars } from "../../../shared/explanation.ts";
import { percent, signed, told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Scroll } from "../parts/scroll.tsx";
import { Ago } from "../parts/time.tsx";

/** What each finding adds to the odds: drawn for the eye, and beneath it the same as a table with all figures. */
export function Weights({ weights }: { weights: EvidenceWeight[] }) {
  const { t } = useLanguage();
  const chart = bars(weights);
  if (weights.length === 0) return <p className="quiet">{t("evidence.none")}</p>;
  return (
    <section className="why-part">
      <h3>{t("why.weights")}</h3>
      <p className="quiet">{t("why.weights.hint")}</p>
      <div className="weights" aria-hidden="true">
        {chart.bars.map((bar) => (
          <Row key={`${bar.weight.variable}-${bar.weight.state}`} bar={bar} zero={chart.zero} />
        ))}
      </div>
      <details>
        <summary>{t("why.weights.table", { n: weights.length })}</summary>
        <Table weights={weights} />
      </details>
    </section>
  );
}

const share = (x: number) => `${(100 * x).toFixed(2)}%`;

function Row({ bar, zero }: { bar: Bar; zero: number }) {
  const { pick, lang } = useLanguage();
  const { weight } = bar;
  return (
    <div className="weight">
      <span className="weight-name">{pick(weight.text)}</span>
      <svg className="weight-bar" width="100%" height="16">
        <line x1={share(zero)} x2={share(zero)} y1="0" y2="16" className="weight-zero" />
        <rect x={share(bar.from)} width={share(bar.length)} y="3" height="10" rx="1" className={weight.nats < 0 ? "weight-con" : "weight-pro"} />
      </svg>
      <span className="weight-value number">{signed(weight.decibans, 1, lang)} dB</span>
    </div>
  );
}

function Table({ weights }: { weights: EvidenceWeight[] }) {
  const { t, pick, term, lang } = useLanguage();
  return (
    <Scroll label={t("why.weights")}>
      <table className="figures">
        <thead>
          <tr>
            <th scope="col">{t("why.col.finding")}</th>
            <th scope="col" className="right">
              nat
            </th>
            <th scope="col" className="right">
              dB
            </th>
            <th scope="col" className="right">
              {t("why.col.confidence")}
            </th>
            <th scope="col">{t("why.col.source")}</th>
          </tr>
        </thead>
        <tbody>
          {weights.map((w) => (
            <tr key={`${w.variable}-${w.state}`}>
              <th scope="row">{pick(w.text)}</th>
              <td className="right number">{signed(w.nats, 2, lang)}</td>
              <td className="right number">{signed(w.decibans, 1, lang)}</td>
              <td className="right number">{percent(w.confidence, lang)}</td>
              <td className="quiet nowrap">
                {w.source && term("source", w.source)} {told(w.at) && <Ago at={w.at} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
