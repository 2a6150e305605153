import type { Text } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";

type Props = { kind: "first" | "mind"; ids: string[] | null | undefined; words: Record<string, Text> | null };

/** What makes matters worse when it is ignored, beside the step it concerns. */
export function Hazards({ kind, ids, words }: Props) {
  const { t, pick } = useLanguage();
  if (!ids || ids.length === 0) return null;
  return (
    <ul className="hazards">
      {ids.map((id) => (
        <li key={id} className="tone-degraded">
          <Shape tone="degraded" />
          <span>{t(`next.${kind}`, { what: pick(words?.[id]) || id })}</span>
        </li>
      ))}
    </ul>
  );
}
