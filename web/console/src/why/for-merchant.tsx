import type { ForMerchant as Part, Text } from "../../../api/types.ts";
import { minutes } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Shape, type Tone } from "../parts/shape.tsx";
import { Instructions } from "../terminal/instructions.tsx";

/** One sentence and one thing to do, large enough to be read aloud. */
export function ForMerchant({ part }: { part: Part }) {
  const { t, pick, lang } = useLanguage();
  return (
    <div className="why-merchant">
      <p className="why-sentence">{pick(part.sentence)}</p>
      <Warnings title={t("why.never")} tone="down" lines={part.never} />
      <div className={part.yours ? "why-do why-do-yours" : "why-do"}>
        <h3>{t(part.yours ? "why.do" : "why.wait")}</h3>
        <p className="why-do-what">{pick(part.do)}</p>
        <Instructions lines={part.how ?? []} />
        {(part.choices ?? []).length > 0 && (
          <ul className="why-choices">
            {(part.choices ?? []).map((choice) => (
              <li key={choice.state}>{pick(choice.text)}</li>
            ))}
          </ul>
        )}
        {part.minutes !== undefined && part.minutes > 0 && (
          <p className="quiet">{t("next.time", { time: minutes(part.minutes, lang) })}</p>
        )}
      </div>
      <Warnings title={t("why.first")} tone="degraded" lines={part.first} />
    </div>
  );
}

function Warnings({ title, tone, lines }: { title: string; tone: Tone; lines: Text[] | null | undefined }) {
  const { pick } = useLanguage();
  if (!lines || lines.length === 0) return null;
  return (
    <section className={`why-warnings tone-${tone}`}>
      <h3>{title}</h3>
      <ul>
        {lines.map((line) => (
          <li key={line.en}>
            <Shape tone={tone} />
            <span>{pick(line)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
