import { Link } from "@tanstack/react-router";
import type { Incident } from "../../../api/types.ts";
import { told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";
import { Ago } from "../parts/time.tsx";

export function IncidentCard({ incident }: { incident: Incident }) {
  const { t, pick } = useLanguage();
  const ended = told(incident.ended_at);
  const tone = ended ? "ok" : "down";
  return (
    <article className="card incident">
      <p className={`status tone-${tone}`}>
        <Shape tone={tone} />
        {t(ended ? "incident.ended" : "incident.open")} · <Ago at={ended ? (incident.ended_at ?? "") : incident.opened_at} />
      </p>
      <p className="incident-sentence">{pick(incident.sentence)}</p>
      {incident.notice && <p>{t("incident.notice", { notice: incident.notice })}</p>}
      <p className="quiet">
        {t("incident.numbers", { failing: incident.failing, total: incident.total, peak: incident.peak })}
      </p>
      {!ended && (
        <Link to="/" search={{ attention: true }}>
          {t("incident.see")}
        </Link>
      )}
    </article>
  );
}
