import type { Incident } from "../../../api/types.ts";
import { told } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";

/** Says before anything else that the cause lies elsewhere. */
export function SharedCause({ incidents }: { incidents: Incident[] }) {
  const { t, pick } = useLanguage();
  const open = incidents.filter((incident) => !told(incident.ended_at));
  if (open.length === 0) return null;
  return (
    <section className="banner tone-down" aria-label={t("incident.here")}>
      <Shape tone="down" />
      <div>
        <strong className="banner-title">{t("incident.here")}</strong>
        {open.map((incident) => (
          <p key={incident.id}>{pick(incident.sentence)}</p>
        ))}
        <p>{t("incident.here.hint")}</p>
      </div>
    </section>
  );
}
