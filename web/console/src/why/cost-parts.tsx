import type { ForTechnician } from "../../../api/types.ts";
import { rounded } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Scroll } from "../parts/scroll.tsx";

type Cost = NonNullable<ForTechnician["cost"]>;

/** The cost of the next step, its parts each in its own unit and as the operator's policy weighs it. */
export function CostParts({ cost }: { cost: Cost }) {
  const { t, pick, lang } = useLanguage();
  const parts = (cost.parts ?? []).filter((part) => part.amount !== 0);
  const figure = (value: number) => rounded(value, 2, lang);
  return (
    <section className="why-part">
      <h3>{t("why.cost")}</h3>
      {parts.length === 0 && <p className="quiet">{t("why.cost.none")}</p>}
      {parts.length > 0 && (
        <Scroll label={t("why.cost")}>
          <table className="figures">
            <thead>
              <tr>
                <th scope="col">{t("why.cost.part")}</th>
                <th scope="col" className="right">
                  {t("why.cost.amount")}
                </th>
                <th scope="col" className="right">
                  {t("why.cost.weight")}
                </th>
                <th scope="col" className="right">
                  {t("why.cost.minutes")}
                </th>
              </tr>
            </thead>
            <tbody>
              {parts.map((part) => (
                <tr key={part.id}>
                  <th scope="row">{pick(part.name)}</th>
                  <td className="right number">{figure(part.amount)}</td>
                  <td className="right number">× {figure(part.weight)}</td>
                  <td className="right number">{figure(part.minutes)}</td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row" colSpan={3}>
                  {t("why.cost.total")}
                </th>
                <td className="right number">{figure(cost.minutes)}</td>
              </tr>
            </tfoot>
          </table>
        </Scroll>
      )}
    </section>
  );
}
