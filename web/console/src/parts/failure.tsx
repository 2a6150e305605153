import Button from "antd/es/button";
import { problemOf } from "../../../shared/problem.ts";
import { useLanguage } from "../language.tsx";
import { Copy } from "./copy.tsx";
import { Shape } from "./shape.tsx";

/** An error as a person needs it: what happened, what to do, and the number for the operator. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t, pick } = useLanguage();
  if (!error) return null;
  const problem = problemOf(error);
  const known = problem.code === "network" ? "network" : "unknown";
  const title = pick(problem.title) || t(`error.${known}`);
  const detail = pick(problem.detail);
  return (
    <div className="failure" role="alert">
      <Shape tone="down" />
      <div>
        <strong>{title}</strong>
        {detail !== "" && detail !== title && <p>{detail}</p>}
        <p>{pick(problem.hint) || t(problem.code === known ? `error.${known}.hint` : "error.hint")}</p>
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
