import type { Ability, CaseBrief, CaseState, Contact } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Shape, type Tone } from "./shape.tsx";

export const abilityTone: Record<Ability, Tone> = {
  can_sell: "ok",
  restricted: "degraded",
  cannot_sell: "down",
  unknown: "unknown",
};

const contactTone: Record<Contact, Tone> = { online: "ok", late: "degraded", silent: "down", never: "unknown" };

const caseTone: Record<CaseState, Tone> = {
  diagnosing: "busy",
  repairing: "busy",
  verifying: "busy",
  handed_over: "degraded",
  closed: "ok",
};

type Outcome = NonNullable<CaseBrief["outcome"]>;

const outcomeTone: Record<Outcome, Tone> = { confirmed: "ok", recovered: "ok", unclear: "unknown" };

function Status({ tone, word, hint }: { tone: Tone; word: string; hint?: string }) {
  return (
    <span className={`status tone-${tone}`} title={hint}>
      <Shape tone={tone} />
      {word}
    </span>
  );
}

/** The headline: can it take money? */
export function AbilityStatus({ ability }: { ability: Ability }) {
  const { t } = useLanguage();
  return <Status tone={abilityTone[ability]} word={t(`ability.${ability}`)} />;
}

export function ContactStatus({ contact }: { contact: Contact }) {
  const { t } = useLanguage();
  return <Status tone={contactTone[contact]} word={t(`contact.${contact}`)} hint={t("contact.hint")} />;
}

export function CaseStatus({ state }: { state: CaseState }) {
  const { t } = useLanguage();
  return <Status tone={caseTone[state]} word={t(`case.${state}`)} />;
}

export function OutcomeStatus({ outcome }: { outcome: Outcome }) {
  const { t } = useLanguage();
  return <Status tone={outcomeTone[outcome]} word={t(`outcome.${outcome}`)} />;
}
