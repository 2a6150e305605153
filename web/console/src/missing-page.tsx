import { Link } from "@tanstack/react-router";
import { useLanguage } from "./language.tsx";
import { Empty } from "./parts/empty.tsx";
import { useTitle } from "./title.ts";

export function MissingPage() {
  const { t } = useLanguage();
  useTitle(t("route.missing.title"));
  return (
    <main className="alone">
      <Empty kind="match" title={t("route.missing.title")} body={t("route.missing.body")} heading="h1">
        <Link to="/">{t("terminal.gone.back")}</Link>
      </Empty>
    </main>
  );
}
