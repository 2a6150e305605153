import type { Diagnosis } from "../../../api/types.ts";
import { percent } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";

/** Numbers and provenance: which knowledge decided, and how probable each fault is. */
export function ForEngineers({ diagnosis }: { diagnosis: Diagnosis }) {
  const { t, pick, lang } = useLanguage();
  const { pack } = diagnosis;
  return (
    <details className="engineers">
      <summary>{t("details.title")}</summary>
      <ul>
        {(diagnosis.ranked ?? []).map((fault) => (
          <li key={fault.fault}>
            <span className="mono">{percent(fault.p, lang)}</span> {pick(fault.name)} <span className="mono quiet">{fault.fault}</span>
          </li>
        ))}
      </ul>
      <p className="quiet">{t("details.pack", { pack: pack.id, version: pack.version, hash: pack.hash.slice(0, 12) })}</p>
    </details>
  );
}
