import type { CaseView } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";

/** Steps that somebody would think of and must not take, each with its reason. */
export function WithheldSteps({ live }: { live: CaseView }) {
  const { t, pick } = useLanguage();
  const withheld = live.diagnosis?.withheld ?? [];
  if (withheld.length === 0) return null;
  return (
    <section className="withheld tone-down">
      <h3>{t("withheld.title")}</h3>
      <ul>
        {withheld.map((each) => (
          <li key={`${each.step}-${each.hazard}`}>
            <Shape tone="down" />
            {t("withheld.line", { step: pick(each.name), reason: pick(live.hazards?.[each.hazard]) || each.hazard })}
          </li>
        ))}
      </ul>
    </section>
  );
}
