import type { ReactNode } from "react";
import { useLanguage } from "../language.tsx";
import { Preferences } from "../shell/preferences.tsx";
import { useTitle } from "../title.ts";

/** The page of somebody who is not signed in yet. */
export function Welcome({ title, lead, children }: { title: string; lead?: string; children?: ReactNode }) {
  const { t } = useLanguage();
  useTitle(title);
  return (
    <div className="welcome">
      <main className="welcome-card">
        <p className="brand">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          {t("app.name")} <span className="brand-tagline">{t("app.tagline")}</span>
        </p>
        <h1>{title}</h1>
        {lead && <p className="lead">{lead}</p>}
        {children}
      </main>
      <footer>
        <Preferences />
      </footer>
    </div>
  );
}
