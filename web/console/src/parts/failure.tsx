import Button from "antd/es/button";
import { ago } from "../../../shared/format.ts";
import { problemOf } from "../../../shared/problem.ts";
import { useLanguage } from "../language.tsx";
import { useNow } from "./clock.ts";
import { Copy } from "./copy.tsx";
import { Shape } from "./shape.tsx";

type Props = {
  error: unknown;
  retry?: () => void;
  /** When what the page still shows was true (milliseconds), if it shows anything. */
  known?: number;
};

/** An error as a person needs it: what happened, what to do, and the number for the operator. */
export function Failure({ error, retry, known }: Props) {
  const { t, pick } = useLanguage();
  if (!error) return null;
  const problem = problemOf(error);
  const kind = problem.code === "network" ? "network" : "unknown";
  const title = pick(problem.title) || t(`error.${kind}`);
  const detail = pick(problem.detail);
  return (
    <div className="failure" role="alert">
      <Shape tone="down" />
      <div>
        <strong>{title}</strong>
        {detail !== "" && detail !== title && <p>{detail}</p>}
        <p>{pick(problem.hint) || t(problem.code === kind ? `error.${kind}.hint` : "error.hint")}</p>
        {known !== undefined && known > 0 && <Stale at={known} />}
        {problem.id && <Copy label={t("error.id", { id: "" }).trim()} value={problem.id} />}
        {retry && (
          <Button size="small" onClick={retry}>
            {t("error.retry")}
          </Button>
        )}
      </div>
    </div>
  );
}

function Stale({ at }: { at: number }) {
  const { t, lang } = useLanguage();
  const now = useNow();
  return <p>{t("error.stale", { ago: ago(new Date(at).toISOString(), now, lang) })}</p>;
}
