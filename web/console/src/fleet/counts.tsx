import { Link, useSearch } from "@tanstack/react-router";
import type { TerminalPage } from "../../../api/types.ts";
import { number } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";
import { abilityTone } from "../parts/status.tsx";
import { abilities } from "./search.ts";

/** How many can take money, over the whole fleet; a tile filters the list. */
export function Counts({ counts }: { counts: TerminalPage["counts"] | undefined }) {
  const { t, lang } = useLanguage();
  const { ability: chosen } = useSearch({ from: "/inside/" });
  return (
    <nav className="counts" aria-label={t("fleet.counts")}>
      {abilities.map((ability) => (
        <Link
          key={ability}
          to="/"
          search={(before) => ({ ...before, cursor: undefined, ability: before.ability === ability ? undefined : ability })}
          className={`count tone-${abilityTone[ability]}`}
          aria-current={chosen === ability ? "true" : undefined}
          activeProps={{}}
        >
          <span className="count-word">
            <Shape tone={abilityTone[ability]} />
            {t(`ability.${ability}`)}
          </span>
          <span className="count-number">{counts ? number(counts[ability] ?? 0, lang) : "–"}</span>
        </Link>
      ))}
    </nav>
  );
}
