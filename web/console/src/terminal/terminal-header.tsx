import { Link } from "@tanstack/react-router";
import type { TerminalView } from "../../../api/types.ts";
import { leading } from "../../../shared/diagnosis.ts";
import { told } from "../../../shared/format.ts";
import { placeOf } from "../../../shared/place.ts";
import { useLanguage } from "../language.tsx";
import { Copy } from "../parts/copy.tsx";
import { AbilityStatus, abilityTone, ContactStatus } from "../parts/status.tsx";
import { Ago, Since } from "../parts/time.tsx";

/** Who it is, whether it can take money, since when and why, and when it was last heard. */
export function TerminalHeader({ view }: { view: TerminalView }) {
  const { t } = useLanguage();
  return (
    <header className={`terminal-head edge-${abilityTone[view.ability]}`}>
      <Link to="/" className="back">
        ‹ {t("terminal.back")}
      </Link>
      <h1>
        {view.merchant || view.tid || view.id}
        <span className="site"> {placeOf(view.site, view.merchant)}</span>
      </h1>
      <Ids view={view} />
      <p className="headline">
        <AbilityStatus ability={view.ability} />
        {told(view.since) && (
          <span>
            <Since at={view.since} />
          </span>
        )}
        <Because view={view} />
      </p>
      <p className="contact">
        {t("terminal.contact")} <ContactStatus contact={view.contact} />
        {told(view.contact_at) && (
          <span className="quiet">
            <Ago at={view.contact_at} />
          </span>
        )}
        {view.unsent > 0 && <strong className="unsent tone-degraded">{t("terminal.unsent", { n: view.unsent })}</strong>}
      </p>
    </header>
  );
}

function Ids({ view }: { view: TerminalView }) {
  const { t } = useLanguage();
  const ids = { tid: view.tid, mid: view.mid, serial: view.serial };
  return (
    <p className="ids">
      {(["tid", "mid", "serial"] as const).map((name) => {
        const value = ids[name];
        return value ? <Copy key={name} label={t(`terminal.id.${name}`)} value={value} /> : null;
      })}
    </p>
  );
}

function Because({ view }: { view: TerminalView }) {
  const { t, pick } = useLanguage();
  if (view.ability === "can_sell" || !view.live) return null;
  const cause = leading(view.live.diagnosis);
  return <span>{cause ? t("terminal.because", { cause: pick(cause.name) }) : t("terminal.because.unknown")}</span>;
}
