import { Link, useSearch } from "@tanstack/react-router";
import Button from "antd/es/button";
import { useMemo } from "react";
import type { TerminalPage } from "../../../api/types.ts";
import { useLanguage } from "../language.tsx";
import { Grid } from "../parts/grid.tsx";
import { fleetColumns } from "./columns.tsx";
import { NoTerminals } from "./no-terminals.tsx";
import { useHeld } from "./use-held.ts";

/** One page of the list. Rows never move by themselves: what would move waits behind the button. */
export function FleetList({ page, settled }: { page: TerminalPage; settled: boolean }) {
  const language = useLanguage();
  const { t } = language;
  const search = useSearch({ from: "/inside/" });
  const columns = useMemo(() => fleetColumns(language), [language]);
  const fresh = page.rows ?? [];
  const { rows, changes, apply } = useHeld(JSON.stringify(search), settled ? fresh : undefined);
  const shown = settled ? rows : fresh;
  return (
    <>
      <div className="list-head">
        <span>{t("fleet.total", { n: page.total })}</span>
        <span role="status">
          {changes > 0 && (
            <Button size="small" className="pill" onClick={apply}>
              {t("fleet.updates", { n: changes })}
            </Button>
          )}
        </span>
      </div>
      {shown.length === 0 ? <NoTerminals counts={page.counts} /> : <Grid label={t("fleet.table")} columns={columns} rows={shown} />}
      <Paging next={page.next} />
    </>
  );
}

function Paging({ next }: { next: string | undefined }) {
  const { t } = useLanguage();
  const { cursor } = useSearch({ from: "/inside/" });
  if (!next && !cursor) return null;
  return (
    <div className="paging">
      {cursor && (
        <Link to="/" search={(before) => ({ ...before, cursor: undefined })}>
          {t("fleet.first")}
        </Link>
      )}
      {next && (
        <Link to="/" search={(before) => ({ ...before, cursor: next })}>
          {t("fleet.next")}
        </Link>
      )}
    </div>
  );
}
