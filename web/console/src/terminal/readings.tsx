import type { Reading } from "../../../api/types.ts";
import { reading } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Ago } from "../parts/time.tsx";

/** Raw values as the agent reported them. */
export function Readings({ readings }: { readings: Reading[] }) {
  const { t, term, lang } = useLanguage();
  return (
    <Card title={t("terminal.readings")}>
      {readings.length === 0 && <p className="quiet">{t("terminal.readings.empty")}</p>}
      <dl className="facts">
        {readings.map((each) => (
          <div key={each.name}>
            <dt>{term("reading", each.name)}</dt>
            <dd>
              <span className="number">{reading(each.name, each.value, each.text, lang)}</span>{" "}
              <span className="quiet">
                <Ago at={each.at} />
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
