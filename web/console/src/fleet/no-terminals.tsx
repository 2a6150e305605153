import { useNavigate, useSearch } from "@tanstack/react-router";
import Button from "antd/es/button";
import type { TerminalPage } from "../../../api/types.ts";
import { list } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { Empty } from "../parts/empty.tsx";
import { filtered } from "./search.ts";

/** Says which of three it is: nothing registered yet, nothing matches, or nothing needs anybody. */
export function NoTerminals({ counts }: { counts: TerminalPage["counts"] }) {
  const { t, lang } = useLanguage();
  const search = useSearch({ from: "/inside/" });
  const navigate = useNavigate({ from: "/" });
  const any = Object.values(counts).some((n) => n > 0);
  if (!any && !filtered(search)) {
    return <Empty kind="first" title={t("fleet.empty.first.title")} body={t("fleet.empty.first.body")} />;
  }
  if (search.attention && !search.q && !search.ability) {
    return <Empty kind="done" title={t("fleet.empty.done.title")} body={t("fleet.empty.done.body")} />;
  }
  const filters = [search.q && `“${search.q}”`, search.ability && t(`ability.${search.ability}`), search.attention && t("fleet.attention")];
  return (
    <Empty
      kind="match"
      title={t("fleet.empty.match.title")}
      body={t("fleet.empty.match.body", { filters: list(filters.filter((each) => typeof each === "string"), lang) })}
    >
      <Button onClick={() => void navigate({ search: {} })}>{t("fleet.empty.match.clear")}</Button>
    </Empty>
  );
}
