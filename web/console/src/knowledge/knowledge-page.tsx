import { useQuery } from "@tanstack/react-query";
import { keys, knowledge } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { usePolling } from "../live.tsx";
import { Empty } from "../parts/empty.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { useTitle } from "../title.ts";
import { CandidateCard } from "./candidate-card.tsx";
import { InForce } from "./in-force.tsx";
import { LearnNow } from "./learn-now.tsx";

/** Which knowledge answers, what was learned from cases, and what a person decides about it. */
export default function KnowledgePage() {
  const { t } = useLanguage();
  useTitle(t("knowledge.title"));
  const query = useQuery({ queryKey: keys.knowledge, queryFn: knowledge, ...usePolling() });
  const candidates = query.data?.candidates ?? [];
  return (
    <div className={query.isError ? "page stale" : "page"}>
      <h1>{t("knowledge.title")}</h1>
      <p className="lead">{t("knowledge.lead")}</p>
      {query.isPending && <Loading rows={8} />}
      <Failure error={query.error} retry={() => void query.refetch()} known={query.dataUpdatedAt} />
      {query.data && (
        <>
          <div className="halves">
            <InForce knowledge={query.data} />
            <LearnNow />
          </div>
          <h2>{t("knowledge.candidates")}</h2>
          {candidates.length === 0 && <Empty kind="first" heading="h3" title={t("knowledge.empty.title")} body={t("knowledge.empty.body")} />}
          {candidates.map((candidate) => (
            <CandidateCard key={candidate.id} candidate={candidate} />
          ))}
        </>
      )}
    </div>
  );
}
