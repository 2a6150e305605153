import type { Knowledge, PackRef } from "../../../api/types.ts";
import { may } from "../../../shared/knowledge.ts";
import { rollBack } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Ago } from "../parts/time.tsx";
import { useMe } from "../people/use-me.ts";
import { useDecide } from "./use-decide.ts";

/** The revision that answers now, those before it, and the way back. */
export function InForce({ knowledge }: { knowledge: Knowledge }) {
  const { t } = useLanguage();
  const me = useMe();
  const { active, built_in: builtIn } = knowledge;
  const learned = active.hash !== builtIn.hash;
  const revisions = knowledge.revisions ?? [];
  const since = revisions.find((each) => each.active)?.at;
  const earlier = revisions.filter((each) => !each.active);
  return (
    <Card title={t("knowledge.in_force")}>
      <p className="revision">
        <Revision of={active} /> <span className="word">{t(learned ? "knowledge.learned" : "knowledge.built_in")}</span>
      </p>
      {learned && since && (
        <p className="quiet">
          {t("knowledge.since")} <Ago at={since} />
        </p>
      )}
      <p className="quiet">{t(learned ? "knowledge.learned.hint" : "knowledge.built_in.hint", { version: builtIn.version })}</p>
      {learned && may(me, "knowledge.promote") && <RollBack to={builtIn} />}
      {earlier.length > 0 && (
        <details>
          <summary>{t("knowledge.earlier", { n: earlier.length })}</summary>
          <ul>
            {earlier.map((each) => (
              <li key={`${each.ref.hash}-${each.at}`}>
                <Revision of={each.ref} />{" "}
                <span className="quiet">
                  <Ago at={each.at} />
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

export function Revision({ of }: { of: PackRef }) {
  return (
    <span>
      <strong className="version">
        {of.id} {of.version}
      </strong>{" "}
      <span className="mono quiet" title={of.hash}>
        {of.hash.slice(0, 12)}
      </span>
    </span>
  );
}

function RollBack({ to }: { to: PackRef }) {
  const { t } = useLanguage();
  const decide = useDecide(rollBack);
  return (
    <Confirm label={t("knowledge.roll_back")} danger busy={decide.isPending} error={decide.error} onAgree={() => decide.mutateAsync()}>
      <ul className="consequences">
        <li>{t("knowledge.roll_back.now", { version: `${to.id} ${to.version}` })}</li>
        <li>{t("knowledge.roll_back.candidate")}</li>
        <li>{t("knowledge.roll_back.cases")}</li>
      </ul>
    </Confirm>
  );
}
