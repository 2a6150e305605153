import type { Text } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";

type Props = { title: string; ids: string[] | null | undefined; words: Record<string, Text> | null };

/** What makes matters worse when it is ignored, beside the step it concerns. */
export function Hazards({ title, ids, words }: Props) {
  const { pick } = useLanguage();
  if (!ids || ids.length === 0) return null;
  return (
    <ul className="hazards" aria-label={title}>
      {ids.map((id) => (
        <li key={id} className="tone-degraded">
          <Shape tone="degraded" />
          <span>
            {title}: {pick(words?.[id]) || id}
          </span>
        </li>
      ))}
    </ul>
  );
}
