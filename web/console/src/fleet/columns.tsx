import { Link } from "@tanstack/react-router";
import type { CaseBrief, TerminalRow } from "../../../api/types.ts";
import { namedFault } from "../../../shared/diagnosis.ts";
import { told } from "../../../shared/format.ts";
import { placeOf } from "../../../shared/place.ts";
import type { Language } from "../language.tsx";
import type { Column } from "../parts/grid.tsx";
import { AbilityStatus, CaseStatus, ContactStatus } from "../parts/status.tsx";
import { Ago, Since } from "../parts/time.tsx";

/** The columns of the fleet list; whether it can take money comes first. */
export function fleetColumns({ t, pick, term }: Language): Column<TerminalRow>[] {
  return [
    { id: "ability", head: t("fleet.col.ability"), className: "col-ability", cell: (row) => <AbilityStatus ability={row.ability} /> },
    { id: "terminal", head: t("fleet.col.terminal"), className: "col-terminal", cell: (row) => <Name row={row} /> },
    {
      id: "since",
      head: t("fleet.col.since"),
      className: "col-since",
      cell: (row) => (told(row.since) ? <Since at={row.since} /> : null),
    },
    { id: "cause", head: t("fleet.col.cause"), className: "col-cause", cell: (row) => cause(row.case) },
    { id: "now", head: t("fleet.col.now"), className: "col-now", cell: (row) => row.case && <CaseStatus state={row.case.state} /> },
    {
      id: "proof",
      head: t("fleet.col.proof"),
      className: "col-proof",
      cell: (row) => (told(row.last_proof) ? <Ago at={row.last_proof} /> : <span className="quiet">{t("fleet.no_proof")}</span>),
    },
    { id: "contact", head: t("fleet.col.contact"), className: "col-contact", cell: (row) => <ContactStatus contact={row.contact} /> },
  ];

  function cause(brief: CaseBrief | undefined) {
    if (!brief) return null;
    const fault = namedFault(brief);
    if (!fault || !brief.word) return <span className="quiet">{t("fleet.no_cause")}</span>;
    return (
      <>
        {pick(fault)} <span className="word">{term("word", brief.word)}</span>
        {brief.incident && <span className="word">{t("fleet.incident")}</span>}
      </>
    );
  }
}

function Name({ row }: { row: TerminalRow }) {
  return (
    <>
      <Link to="/terminals/$id" params={{ id: row.id }} data-row-link className="row-link">
        {row.merchant || row.tid || row.id}
        <span className="row-site"> {placeOf(row.site, row.merchant)}</span>
      </Link>
      <span className="row-ids mono">
        {row.tid} {row.model && <span>· {row.model}</span>}
      </span>
    </>
  );
}
