import { useMutation } from "@tanstack/react-query";
import Button from "antd/es/button";
import { absolute } from "../../../shared/format.ts";
import { enrol } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Copy } from "../parts/copy.tsx";
import { Failure } from "../parts/failure.tsx";

/** Gives a short-lived code with which an agent binds itself to this terminal. */
export function Enrol({ id }: { id: string }) {
  const { t } = useLanguage();
  const make = useMutation({ mutationFn: () => enrol(id) });
  return (
    <Card title={t("enrol.title")}>
      <p className="quiet">{t("enrol.body")}</p>
      <Button onClick={() => make.mutate()} loading={make.isPending}>
        {t("enrol.submit")}
      </Button>
      <Failure error={make.error} />
      <div role="status">
        {make.data && (
          <>
            <Copy label="$" value={make.data.command} />
            <p className="quiet">{t("enrol.expires", { time: absolute(make.data.expires_at) })}</p>
          </>
        )}
      </div>
    </Card>
  );
}
