import { useQuery } from "@tanstack/react-query";
import Segmented from "antd/es/segmented";
import { useState } from "react";
import type { CaseView, Explanation, Reader } from "../../../api/types.ts";
import { readerFor, readers } from "../../../shared/explanation.ts";
import { problemOf } from "../../../shared/problem.ts";
import { explanation, keys } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { useMe } from "../people/use-me.ts";
import { ForAgent } from "./for-agent.tsx";
import { ForMerchant } from "./for-merchant.tsx";
import { ForTechnician } from "./for-technician.tsx";
import { NotKept } from "./not-kept.tsx";

const keptIn = "posmedic.reader";

/** The explanation of a case, for one of its three readers. */
export default function Why({ of }: { of: CaseView }) {
  const { t } = useLanguage();
  const me = useMe();
  const [chosen, setChosen] = useState(() => localStorage.getItem(keptIn));
  const reader = readerFor(me?.role, chosen);
  const choose = (value: string) => {
    localStorage.setItem(keptIn, value);
    setChosen(value);
  };
  if (!of.diagnosis) return <p className="quiet">{t("cause.waiting")}</p>;
  return (
    <div className="why">
      <Segmented
        aria-label={t("why.for")}
        value={reader}
        options={readers.map((value) => ({ value, label: t(`why.for.${value}`) }))}
        onChange={(value) => choose(String(value))}
      />
      <Explained of={of} reader={reader} />
    </div>
  );
}

function Explained({ of, reader }: { of: CaseView; reader: Reader }) {
  const query = useQuery({
    queryKey: keys.explanation(of.id, of.revision, reader),
    queryFn: (ask) => explanation(of.id, reader, ask),
    staleTime: Number.POSITIVE_INFINITY,
    // While a new diagnosis is explained, what was said before stays; it says when it was made.
    placeholderData: (before) => (before?.case === of.id && before[reader] ? before : undefined),
  });
  if (query.isPending) return <Loading rows={6} />;
  if (query.isError) {
    if (problemOf(query.error).status === 404) return <NotKept of={of} />;
    return <Failure error={query.error} retry={() => void query.refetch()} />;
  }
  return <Part of={of} explanation={query.data} />;
}

function Part({ of, explanation: told }: { of: CaseView; explanation: Explanation }) {
  if (told.merchant) return <ForMerchant part={told.merchant} />;
  if (told.agent) return <ForAgent part={told.agent} of={of} />;
  if (told.technician) return <ForTechnician part={told.technician} explanation={told} />;
  return null;
}
