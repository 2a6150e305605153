import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { setUp } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { AccountForm } from "./account-form.tsx";
import { Welcome } from "./welcome.tsx";

/** The one-time token stands behind the "#", so that it never reaches a server's or a proxy's log. */
function tokenIn(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? "";
}

export function SetupPage() {
  const { t } = useLanguage();
  const client = useQueryClient();
  const navigate = useNavigate();
  const token = useLocation({ select: (location) => tokenIn(location.hash) });
  const make = useMutation({
    mutationFn: (account: { name: string; password: string }) => setUp({ token, ...account }),
    onSuccess: async () => {
      client.clear();
      await navigate({ to: "/" });
    },
  });
  if (token === "") return <Welcome title={t("setup.no_link.title")} lead={t("setup.no_link.body")} />;
  return (
    <Welcome title={t("setup.title")} lead={t("setup.lead")}>
      <AccountForm
        fresh
        passwordLabel={t("setup.password")}
        submitLabel={t("setup.submit")}
        busy={make.isPending}
        error={make.error}
        onSubmit={(name, password) => make.mutate({ name, password })}
      />
    </Welcome>
  );
}
