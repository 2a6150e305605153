import type { ReactNode } from "react";
import type { TerminalView } from "../../../api/types.ts";
import { told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Ago } from "../parts/time.tsx";

/** Attributes that the page says in better words elsewhere. */
const shownAbove = new Set(["site", "model"]);

/** The last proofs and what the terminal shares with others. */
export function Facts({ view }: { view: TerminalView }) {
  const { t, term } = useLanguage();
  const none = <span className="quiet">{t("fleet.no_proof")}</span>;
  const attributes = Object.entries(view.attributes).filter(([name, value]) => value !== "" && !shownAbove.has(name));
  return (
    <Card title={t("terminal.facts")}>
      <dl className="facts">
        <Fact name={t("terminal.fact.proof")}>{told(view.last_proof) ? <Ago at={view.last_proof} /> : none}</Fact>
        {view.sale_rrn && (
          <Fact name={t("terminal.fact.rrn")}>
            <span className="mono">{view.sale_rrn}</span>
          </Fact>
        )}
        <Fact name={t("terminal.fact.sign_in")}>{told(view.sign_in_at) ? <Ago at={view.sign_in_at} /> : none}</Fact>
        {view.model && <Fact name={t("terminal.fact.model")}>{view.model}</Fact>}
        {attributes.map(([name, value]) => (
          <Fact key={name} name={term("terminal.attr", name)}>
            {value}
          </Fact>
        ))}
      </dl>
    </Card>
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
