import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Incident } from "../../../api/types.ts";
import { absolute, number, percent, span, told } from "../../../shared/format.ts";
import { push, shared, shares } from "../../../shared/incident.ts";
import { useLanguage } from "../language.tsx";
import { Shape } from "../parts/shape.tsx";
import { Ago, Since } from "../parts/time.tsx";

/** One shared cause: what goes on in a sentence, what its terminals share, and how the others do. */
export function IncidentCard({ incident }: { incident: Incident }) {
  const { t, pick, term } = useLanguage();
  const ended = told(incident.ended_at);
  const tone = ended ? "ok" : "down";
  return (
    <article className={`card incident edge edge-${tone}`}>
      <p className={`status tone-${tone}`}>
        <Shape tone={tone} />
        {t(ended ? "incident.ended" : "incident.open")} · {ended ? <Ago at={incident.ended_at ?? ""} /> : <Since at={incident.opened_at} />}
      </p>
      <p className="incident-sentence">{pick(incident.sentence)}</p>
      <div className="incident-body">
        <dl className="facts">
          <Fact name={t("incident.shared")}>
            <Combination incident={incident} />
          </Fact>
          {incident.symptom && <Fact name={t("incident.symptom")}>{term("symptom", incident.symptom)}</Fact>}
          <Began incident={incident} />
          <Pushed incident={incident} />
          <Lasted incident={incident} />
          <Fact name={t("incident.members")}>
            {t(ended ? "incident.members.ended" : "incident.members.value", { n: incident.total, failing: incident.failing, peak: incident.peak })}
          </Fact>
        </dl>
        {!ended && <Comparison incident={incident} />}
      </div>
      {incident.notice && <p>{t("incident.notice", { notice: incident.notice })}</p>}
      {!ended && <Held incident={incident} />}
      {!ended && (
        <Link to="/" search={{ attention: true }}>
          {t("incident.see")}
        </Link>
      )}
    </article>
  );
}

function Combination({ incident }: { incident: Incident }) {
  const { t, term } = useLanguage();
  const pairs = shared(incident);
  if (pairs.length === 0) return t("incident.shared.all");
  return (
    <ul className="combination">
      {pairs.map((pair) => (
        <li key={`${pair.attribute}-${pair.value}`} className="pair">
          <span className="quiet">{term("terminal.attr", pair.attribute)}</span> {pair.value}
        </li>
      ))}
    </ul>
  );
}

function Began({ incident }: { incident: Incident }) {
  const { t } = useLanguage();
  if (!told(incident.began_at)) return null;
  return (
    <Fact name={t("incident.began")}>
      {absolute(incident.began_at)}{" "}
      <span className="quiet">
        <Ago at={incident.began_at} />
      </span>
    </Fact>
  );
}

function Lasted({ incident }: { incident: Incident }) {
  const { t, lang } = useLanguage();
  if (!told(incident.ended_at)) return null;
  const from = told(incident.began_at) ? incident.began_at : incident.opened_at;
  const seconds = (new Date(incident.ended_at).getTime() - new Date(from).getTime()) / 1000;
  return <Fact name={t("incident.lasted")}>{span(seconds, lang)}</Fact>;
}

function Pushed({ incident }: { incident: Incident }) {
  const { t, term } = useLanguage();
  const pushed = push(incident);
  if (!pushed) return null;
  return (
    <Fact name={t("incident.push")}>
      {t("incident.push.value", { attribute: term("terminal.attr", pushed.attribute), value: pushed.value, time: absolute(pushed.at) })}
    </Fact>
  );
}

/** How many fail here, beside how many fail elsewhere: the difference is what makes it one cause. */
function Comparison({ incident }: { incident: Incident }) {
  const { t, lang } = useLanguage();
  const { here, elsewhere } = shares(incident);
  const rows = [
    { id: "here", share: here, part: incident.failing, of: incident.total },
    { id: "elsewhere", share: elsewhere, part: incident.others, of: incident.others_of },
  ] as const;
  return (
    <dl className="comparison">
      {rows.map(({ id, share, part, of }) => (
        <div key={id}>
          <dt>{t(`incident.${id}_share`)}</dt>
          <dd>
            {share === undefined ? (
              <span className="quiet">{t("incident.no_others")}</span>
            ) : (
              <>
                <span className="number">
                  <strong>{percent(share, lang)}</strong>{" "}
                  <span className="quiet">{t("incident.of", { part: number(part, lang), of: number(of, lang) })}</span>
                </span>
                <span className="meter" aria-hidden="true">
                  <span className={`meter-${id}`} style={{ inlineSize: `${100 * share}%` }} />
                </span>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What waits while it goes on, so that nobody sets out or pushes for nothing. */
function Held({ incident }: { incident: Incident }) {
  const { t } = useLanguage();
  return (
    <div className="held">
      <Shape tone="degraded" />
      <div>
        <strong>{t("incident.held")}</strong>
        <ul>
          <li>{t("incident.held.visits")}</li>
          <li>{t("incident.held.restart")}</li>
          <li>{t(push(incident) ? "incident.held.this_push" : "incident.held.push")}</li>
        </ul>
      </div>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
