import type { Next } from "../../../api/types.ts";
import { effort } from "../../../shared/diagnosis.ts";
import { minutes, number, percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";

/** What a step costs: whose time, how long until the result is known, money, and how likely it cures. */
export function StepCost({ next }: { next: Next }) {
  const { t, term, lang } = useLanguage();
  const { cost } = next;
  const kind = effort(cost);
  const facts = [
    next.kind !== "ask" && t("next.by", { who: term("who", next.by) }),
    next.minutes > 0 && t("next.time", { time: minutes(next.minutes, lang) }),
    kind === "visit" && t("next.effort.visit"),
    kind === "shop" && t("next.effort.shop", { time: minutes(cost.merchant_min, lang) }),
    cost.money > 0 && t("next.money", { amount: number(cost.money, lang) }),
    next.fixes !== undefined && next.fixes > 0 && t("next.fixes", { p: percent(next.fixes, lang) }),
  ].filter((fact) => typeof fact === "string");
  return <p className="cost quiet">{facts.join(" · ")}</p>;
}
