import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import Button from "antd/es/button";
import type { ReactNode } from "react";
import type { User } from "../../../api/types.ts";
import { watchesKnowledge } from "../../../shared/knowledge.ts";
import { about, keys, signOut } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { LiveMark } from "./live-mark.tsx";
import { Preferences } from "./preferences.tsx";

/** The frame of every page for somebody who is signed in. */
export function Shell({ user, children }: { user: User; children: ReactNode }) {
  const { t } = useLanguage();
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t("nav.skip")}
      </a>
      <header className="top">
        <Link to="/" className="brand" search={{}}>
          <img src="/favicon.svg" alt="" width="24" height="24" />
          {t("app.name")}
        </Link>
        <nav aria-label={t("nav.main")}>
          <Link to="/" search={{}} activeOptions={{ exact: true, includeSearch: false }}>
            {t("nav.fleet")}
          </Link>
          <Link to="/incidents">{t("nav.incidents")}</Link>
          {watchesKnowledge(user) && <Link to="/knowledge">{t("nav.knowledge")}</Link>}
        </nav>
        <div className="top-end">
          <LiveMark />
          <Preferences />
          <SignOut user={user.name} />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Foot />
    </div>
  );
}

function SignOut({ user }: { user: string }) {
  const { t } = useLanguage();
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    onSettled: async () => {
      client.clear();
      await navigate({ to: "/login" });
    },
  });
  return (
    <Button size="small" onClick={() => leave.mutate()} loading={leave.isPending} title={user}>
      {t("user.sign_out")}
    </Button>
  );
}

function Foot() {
  const { t } = useLanguage();
  const { data } = useQuery({ queryKey: keys.about, queryFn: about, staleTime: Number.POSITIVE_INFINITY });
  return (
    <footer className="foot">
      {data && t("nav.about", { version: data.version, pack: data.pack.id, revision: data.pack.version })}
    </footer>
  );
}
