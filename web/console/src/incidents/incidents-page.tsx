import { useQuery } from "@tanstack/react-query";
import { told } from "../../../shared/format.ts";
import { incidents, keys } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { usePolling } from "../live.tsx";
import { Empty } from "../parts/empty.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { useTitle } from "../title.ts";
import { IncidentCard } from "./incident-card.tsx";

export function IncidentsPage() {
  const { t } = useLanguage();
  useTitle(t("incident.title"));
  const query = useQuery({ queryKey: keys.incidents, queryFn: incidents, ...usePolling() });
  const rows = query.data?.rows ?? [];
  const open = rows.filter((incident) => !told(incident.ended_at));
  const ended = rows.filter((incident) => told(incident.ended_at));
  return (
    <div className={query.isError ? "page stale" : "page"}>
      <h1>{t("incident.title")}</h1>
      <p className="lead">{t("incident.lead")}</p>
      {query.isPending && <Loading rows={5} />}
      <Failure error={query.error} retry={() => void query.refetch()} known={query.dataUpdatedAt} />
      {query.data && rows.length === 0 && <Empty kind="done" title={t("incident.empty.title")} body={t("incident.empty.body")} />}
      {[...open, ...ended].map((incident) => (
        <IncidentCard key={incident.id} incident={incident} />
      ))}
    </div>
  );
}
