import type { Entry } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Ago } from "../parts/time.tsx";

/** What happened in the case, newest first. */
export function Timeline({ entries }: { entries: Entry[] }) {
  const { t } = useLanguage();
  return (
    <Card title={t("terminal.timeline")}>
      <Entries entries={entries} />
    </Card>
  );
}

export function Entries({ entries }: { entries: Entry[] }) {
  const { pick, term } = useLanguage();
  const newest = entries.toSorted((a, b) => b.seq - a.seq);
  return (
    <ol className="timeline">
      {newest.map((entry) => (
        <li key={entry.seq} className={`entry-${entry.kind}`}>
          <span>{pick(entry.text)}</span>
          <span className="quiet">
            <Ago at={entry.at} /> · {term("who", entry.by)}
          </span>
        </li>
      ))}
    </ol>
  );
}
