import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { told } from "../../../shared/format.ts";
import { incidents, keys } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { usePolling } from "../live.tsx";
import { Shape } from "../parts/shape.tsx";
import { Ago } from "../parts/time.tsx";

/** Shared causes that are going on: whoever reads the list must know before calling a single shop. */
export function IncidentBanner() {
  const { t, pick } = useLanguage();
  const { data } = useQuery({ queryKey: keys.incidents, queryFn: incidents, ...usePolling() });
  const open = (data?.rows ?? []).filter((incident) => !told(incident.ended_at));
  if (open.length === 0) return null;
  return (
    <section className="banner tone-down" aria-label={t("incident.banner", { n: open.length })}>
      <Shape tone="down" />
      <div>
        <Link to="/incidents" className="banner-title">
          {t("incident.banner", { n: open.length })}
        </Link>
        <ul>
          {open.slice(0, 3).map((incident) => (
            <li key={incident.id}>
              {pick(incident.sentence)} <Ago at={incident.opened_at} />
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
