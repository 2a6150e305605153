import type { TerminalView } from "../../../api/types.ts";
import { namedFault } from "../../../shared/diagnosis.ts";
import { ago, told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { useNow } from "../parts/clock.ts";
import { Empty } from "../parts/empty.tsx";
import { OutcomeStatus } from "../parts/status.tsx";

/** Stands where the live case would be when there is none. */
export function Calm({ view }: { view: TerminalView }) {
  const { t, pick, lang } = useLanguage();
  const now = useNow();
  const last = view.history?.[0];
  const proven = view.ability === "can_sell" && told(view.last_proof);
  return (
    <section className="card">
      <Empty
        kind={proven ? "done" : "match"}
        title={proven ? t("terminal.calm.title") : t(`ability.${view.ability}`)}
        body={proven ? t("terminal.calm.body", { ago: ago(view.last_proof ?? "", now, lang) }) : t("terminal.calm.unproven")}
      >
        {last?.outcome && (
          <>
            {namedFault(last) && <p>{t("terminal.history.proven", { cause: pick(namedFault(last)) })}</p>}
            <OutcomeStatus outcome={last.outcome} />
          </>
        )}
      </Empty>
    </section>
  );
}
