import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { TerminalView } from "../../../api/types.ts";
import { problemOf } from "../../../shared/problem.ts";
import { keys, terminal } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { usePolling } from "../live.tsx";
import { Empty } from "../parts/empty.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { useTitle } from "../title.ts";
import { WhyCard } from "../why/why-card.tsx";
import { Answers } from "./answers.tsx";
import { Calm } from "./calm.tsx";
import { CaseCard } from "./case-card.tsx";
import { Enrol } from "./enrol.tsx";
import { Facts } from "./facts.tsx";
import { History } from "./history.tsx";
import { Readings } from "./readings.tsx";
import { Report } from "./report.tsx";
import { SharedCause } from "./shared-cause.tsx";
import { TerminalHeader } from "./terminal-header.tsx";
import { Timeline } from "./timeline.tsx";

export function TerminalPage() {
  const { t } = useLanguage();
  const { id } = useParams({ from: "/inside/terminals/$id" });
  const query = useQuery({ queryKey: keys.terminal(id), queryFn: (ask) => terminal(id, ask), ...usePolling() });
  useTitle(query.data?.merchant ?? t("nav.fleet"));
  if (query.isPending) return <div className="page"><Loading rows={12} /></div>;
  if (query.isError && problemOf(query.error).status === 404) return <Gone />;
  return (
    <div className={query.isError ? "page stale" : "page"}>
      <Failure error={query.error} retry={() => void query.refetch()} known={query.dataUpdatedAt} />
      {query.data && <Whole view={query.data} />}
    </div>
  );
}

function Whole({ view }: { view: TerminalView }) {
  return (
    <>
      <TerminalHeader view={view} />
      <SharedCause incidents={view.incidents ?? []} />
      <div className="columns">
        <div className="column">
          {view.live ? <CaseCard live={view.live} ability={view.ability} shared={(view.incidents ?? []).length > 0} /> : <Calm view={view} />}
          {view.live && <WhyCard live={view.live} />}
          <Report id={view.id} />
        </div>
        <div className="column">
          <Facts view={view} />
          {view.live && <Timeline entries={view.live.timeline ?? []} />}
          <Readings readings={view.readings ?? []} />
          <Answers answers={view.answers ?? []} />
          <History cases={view.history ?? []} />
          <Enrol id={view.id} />
        </div>
      </div>
    </>
  );
}

function Gone() {
  const { t } = useLanguage();
  return (
    <div className="page">
      <Empty kind="match" title={t("terminal.gone.title")} body={t("terminal.gone.body")} heading="h1">
        <Link to="/">{t("terminal.gone.back")}</Link>
      </Empty>
    </div>
  );
}
