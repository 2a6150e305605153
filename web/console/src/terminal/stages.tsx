import type { Attempt } from "../../../api/types.ts";
import { stages } from "../../../shared/diagnosis.ts";
import { useLanguage } from "../language.tsx";

/** The states of an attempt in a row, with the one it is in. */
export function Stages({ attempt, caseState }: { attempt: Attempt; caseState: string }) {
  const { t, term } = useLanguage();
  return (
    <ol className="stages">
      {stages(attempt, caseState).map((stage) => (
        <li key={stage.name} className={`stage-${stage.mark}`} aria-current={stage.mark === "now" ? "step" : undefined}>
          {term("attempt", stage.name)}
          <span className="unseen"> ({t(`attempt.mark.${stage.mark}`)})</span>
        </li>
      ))}
    </ol>
  );
}
