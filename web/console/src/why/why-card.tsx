import { lazy, Suspense } from "react";
import type { CaseView } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Loading } from "../parts/loading.tsx";

const Why = lazy(() => import("./why.tsx"));

/** Why a case is diagnosed as it is, for whoever reads it. */
export function WhyCard({ live }: { live: CaseView }) {
  const { t } = useLanguage();
  return (
    <Card title={t("why.title")} className="why-card">
      <Suspense fallback={<Loading rows={6} />}>
        <Why of={live} />
      </Suspense>
    </Card>
  );
}

/** The same of a closed case; it is asked for only when somebody wants to know. */
export function PastWhy({ past }: { past: CaseView }) {
  return (
    <Suspense fallback={<Loading rows={4} />}>
      <Why of={past} />
    </Suspense>
  );
}
