import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { keys, terminals } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { usePolling } from "../live.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { useTitle } from "../title.ts";
import { Counts } from "./counts.tsx";
import { Filters } from "./filters.tsx";
import { FleetList } from "./fleet-list.tsx";
import { IncidentBanner } from "./incident-banner.tsx";

export function FleetPage() {
  const { t } = useLanguage();
  useTitle(t("nav.fleet"));
  const search = useSearch({ from: "/inside/" });
  const query = useQuery({
    queryKey: keys.fleetPage(search),
    queryFn: (ask) => terminals(search, ask),
    placeholderData: keepPreviousData,
    ...usePolling(),
  });
  return (
    <div className={query.isError ? "page stale" : "page"}>
      <h1>{t("fleet.title")}</h1>
      <Counts counts={query.data?.counts} />
      <IncidentBanner />
      <Filters />
      {query.isPending && <Loading rows={8} />}
      <Failure error={query.error} retry={() => void query.refetch()} known={query.dataUpdatedAt} />
      {query.data && <FleetList page={query.data} settled={!query.isPlaceholderData} />}
    </div>
  );
}
