import { useLanguage } from "../language.tsx";
import { pollSeconds, useLive } from "../live.tsx";
import { Shape } from "../parts/shape.tsx";

/** Whether changes arrive by themselves. */
export function LiveMark() {
  const { t } = useLanguage();
  const live = useLive();
  return (
    <span className={`live tone-${live ? "ok" : "unknown"}`} role="status" title={t(live ? "live.on.hint" : "live.off.hint")}>
      <Shape tone={live ? "ok" : "unknown"} />
      {live ? t("live.on") : t("live.off", { seconds: pollSeconds })}
    </span>
  );
}
