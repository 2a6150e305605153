import Button from "antd/es/button";
import Input from "antd/es/input";
import { type FormEvent, useId, useState } from "react";
import { useLanguage } from "../language.tsx";
import { Failure } from "../parts/failure.tsx";

type Props = {
  /** Whether the password is a new one, which the browser may then suggest. */
  fresh: boolean;
  passwordLabel: string;
  submitLabel: string;
  busy: boolean;
  error: unknown;
  onSubmit: (name: string, password: string) => void;
};

export function AccountForm(props: Props) {
  const { t } = useLanguage();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const id = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit(name.trim(), password);
  };
  return (
    <form className="account" onSubmit={submit}>
      <label htmlFor={`${id}-name`}>{t("login.name")}</label>
      <Input
        id={`${id}-name`}
        size="large"
        autoComplete="username"
        required
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor={`${id}-password`}>{props.passwordLabel}</label>
      <Input
        id={`${id}-password`}
        size="large"
        type="password"
        autoComplete={props.fresh ? "new-password" : "current-password"}
        required
        maxLength={256}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Failure error={props.error} />
      <Button type="primary" size="large" htmlType="submit" block loading={props.busy}>
        {props.submitLabel}
      </Button>
    </form>
  );
}
