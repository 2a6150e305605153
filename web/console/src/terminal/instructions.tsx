import type { Text } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";

/** What to do, one sentence a line; numbered where there is an order. */
export function Instructions({ lines }: { lines: Text[] }) {
  const { pick } = useLanguage();
  if (lines.length === 0) return null;
  if (lines.length === 1) return <p>{pick(lines[0])}</p>;
  return (
    <ol className="instructions">
      {lines.map((line) => (
        <li key={line.en}>{pick(line)}</li>
      ))}
    </ol>
  );
}
