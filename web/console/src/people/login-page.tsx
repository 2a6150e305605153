import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Navigate, useNavigate } from "@tanstack/react-router";
import { keys, session, signIn } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { AccountForm } from "./account-form.tsx";
import { Welcome } from "./welcome.tsx";

export function LoginPage() {
  const { t } = useLanguage();
  const client = useQueryClient();
  const navigate = useNavigate();
  const now = useQuery({ queryKey: keys.session, queryFn: session });
  const enter = useMutation({
    mutationFn: signIn,
    onSuccess: async () => {
      client.clear();
      await navigate({ to: "/" });
    },
  });
  if (now.data?.setup) return <Navigate to="/setup" />;
  return (
    <Welcome title={t("login.title")}>
      <AccountForm
        fresh={false}
        passwordLabel={t("login.password")}
        submitLabel={t("login.submit")}
        busy={enter.isPending}
        error={enter.error ?? now.error}
        onSubmit={(name, password) => enter.mutate({ name, password })}
      />
    </Welcome>
  );
}
