import Button from "antd/es/button";
import { may } from "../../../shared/knowledge.ts";
import { learnNow } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Failure } from "../parts/failure.tsx";
import { useMe } from "../people/use-me.ts";
import { useDecide } from "./use-decide.ts";

/** How a number comes to move, and the button that has the machine learn. */
export function LearnNow() {
  const { t } = useLanguage();
  const me = useMe();
  const learn = useDecide(learnNow);
  return (
    <Card title={t("knowledge.learn.title")}>
      <ol className="way">
        {(["cases", "gate", "shadow", "person"] as const).map((step) => (
          <li key={step}>{t(`knowledge.way.${step}`)}</li>
        ))}
      </ol>
      {may(me, "knowledge.promote") ? (
        <>
          <Button loading={learn.isPending} onClick={() => learn.mutate()}>
            {t("knowledge.learn.submit")}
          </Button>
          <Failure error={learn.error} />
          <div role="status">
            {learn.isPending && <p className="quiet">{t("knowledge.learn.busy")}</p>}
            {learn.isSuccess && <p>{t("knowledge.learn.done")}</p>}
          </div>
        </>
      ) : (
        <p className="quiet">{t("knowledge.learn.not_yours")}</p>
      )}
    </Card>
  );
}
