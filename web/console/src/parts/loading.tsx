import Skeleton from "antd/es/skeleton";
import { useLanguage } from "../language.tsx";

/** Stands where the content will be, so that nothing jumps when it comes. */
export function Loading({ rows }: { rows: number }) {
  const { t } = useLanguage();
  return (
    <div role="status" aria-label={t("loading")} className="loading">
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  );
}
