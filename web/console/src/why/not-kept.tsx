import type { CaseView } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { EvidenceList } from "../terminal/evidence-list.tsx";
import { Others } from "../terminal/others.tsx";

/** A diagnosis of an older program kept only its result: that is shown, and why there is no more. */
export function NotKept({ of }: { of: CaseView }) {
  const { t } = useLanguage();
  return (
    <>
      <p className="quiet">{t("why.not_kept")}</p>
      {of.diagnosis && <EvidenceList diagnosis={of.diagnosis} words={of.words ?? {}} />}
      {of.diagnosis && <Others diagnosis={of.diagnosis} />}
    </>
  );
}
