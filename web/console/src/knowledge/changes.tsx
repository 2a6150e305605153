import Button from "antd/es/button";
import { useState } from "react";
import type { Candidate, LearnedChange } from "../../../api/types.ts";
import { byEffect, direction } from "../../../shared/knowledge.ts";
import { number, rounded } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { useChangeWords } from "./use-change-words.ts";

/** How many changes are shown until somebody asks for the rest. */
const first = 8;

/** What the numbers were and what they would be, those that matter most first. */
export function Changes({ candidate }: { candidate: Candidate }) {
  const { t, lang } = useLanguage();
  const [all, setAll] = useState(false);
  const changes = byEffect(candidate.changes);
  const shown = all ? changes : changes.slice(0, first);
  return (
    <section className="why-part">
      <h3>{t("changes.title", { n: candidate.moved })}</h3>
      <p className="quiet">{t(changes.length < candidate.moved ? "changes.most" : "changes.order", { count: number(changes.length, lang) })}</p>
      <ul className="changes">
        {shown.map((change) => (
          <Change key={idOf(change)} change={change} candidate={candidate} />
        ))}
      </ul>
      {changes.length > first && (
        <div>
          <Button size="small" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t("changes.fewer") : t("changes.all", { n: changes.length })}
          </Button>
        </div>
      )}
    </section>
  );
}

function idOf(c: LearnedChange): string {
  return [c.what, c.fault, c.step, c.variable, c.state, c.attribute, c.value].join("|");
}

const arrows = { up: "▲", down: "▼", same: "=" };

function Change({ change, candidate }: { change: LearnedChange; candidate: Candidate }) {
  const { t, lang } = useLanguage();
  const words = useChangeWords(candidate);
  const way = direction(change);
  return (
    <li>
      <span>
        {words.what(change)} <span className="quiet">{words.measure(change)}</span>
      </span>
      <span className="number from-to">
        {words.value(change, change.from.mean)} → <strong>{words.value(change, change.to.mean)}</strong>{" "}
        <span className={`way-${way}`} aria-hidden="true">
          {arrows[way]}
        </span>
        <span className="unseen">{t(`changes.${way}`)}</span>
      </span>
      <span className="number quiet">{t("changes.cases", { count: rounded(change.cases, change.cases < 10 ? 1 : 0, lang) })}</span>
    </li>
  );
}
