import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { CaseBrief, CaseView } from "../../../api/types.ts";
import { namedFault } from "../../../shared/diagnosis.ts";
import { keys, pastCase } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { OutcomeStatus } from "../parts/status.tsx";
import { Ago } from "../parts/time.tsx";
import { PastWhy } from "../why/why-card.tsx";
import { Entries } from "./timeline.tsx";

/** Closed cases, newest first; each opens to what happened in it. */
export function History({ cases }: { cases: CaseBrief[] }) {
  const { t } = useLanguage();
  return (
    <Card title={t("terminal.history")}>
      {cases.length === 0 && <p className="quiet">{t("terminal.history.empty")}</p>}
      <ul className="history">
        {cases.map((each) => (
          <PastCase key={each.id} brief={each} />
        ))}
      </ul>
    </Card>
  );
}

function PastCase({ brief }: { brief: CaseBrief }) {
  const { t, pick } = useLanguage();
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          {pick(namedFault(brief)) || t("fleet.no_cause")}{" "}
          <span className="quiet">
            <Ago at={brief.closed_at ?? brief.opened_at} />
          </span>
        </summary>
        {open && <PastTimeline id={brief.id} />}
      </details>
      {brief.outcome && <OutcomeStatus outcome={brief.outcome} />}
    </li>
  );
}

function PastTimeline({ id }: { id: string }) {
  const query = useQuery({
    queryKey: keys.pastCase(id),
    queryFn: (ask) => pastCase(id, ask),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (query.isPending) return <Loading rows={3} />;
  return (
    <>
      <Failure error={query.error} retry={() => void query.refetch()} />
      <Entries entries={query.data?.timeline ?? []} />
      {query.data?.diagnosis && <WhyThen past={query.data} />}
    </>
  );
}

function WhyThen({ past }: { past: CaseView }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("why.past")}</summary>
      {open && <PastWhy past={past} />}
    </details>
  );
}
