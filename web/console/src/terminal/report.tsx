import { useMutation, useQueryClient } from "@tanstack/react-query";
import Button from "antd/es/button";
import Input from "antd/es/input";
import { type FormEvent, useId, useState } from "react";
import type { ReportResult } from "../../../api/types.ts";
import { keys, report } from "../api.ts";
import { useLanguage } from "../language.tsx";
import { Card } from "../parts/card.tsx";
import { Failure } from "../parts/failure.tsx";

/** Free text of a caller; what was understood becomes evidence, and what was not is shown too. */
export function Report({ id }: { id: string }) {
  const { t } = useLanguage();
  const field = useId();
  const [text, setText] = useState("");
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: () => report(id, text.trim()),
    onSuccess: async () => {
      setText("");
      await client.invalidateQueries({ queryKey: keys.terminal(id) });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== "") send.mutate();
  };
  return (
    <Card title={t("report.title")}>
      <form onSubmit={submit} className="report">
        <p className="quiet">{t("report.lead")}</p>
        <label htmlFor={field}>{t("report.label")}</label>
        <Input.TextArea
          id={field}
          rows={3}
          maxLength={2000}
          placeholder={t("report.placeholder")}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button htmlType="submit" loading={send.isPending}>
          {t("report.submit")}
        </Button>
      </form>
      <Failure error={send.error} />
      <div role="status">{send.data && <Understood result={send.data} />}</div>
    </Card>
  );
}

function Understood({ result }: { result: ReportResult }) {
  const { t, pick } = useLanguage();
  const findings = result.findings ?? [];
  const rest = result.not_understood ?? [];
  return (
    <>
      {findings.length === 0 && <p>{t("report.nothing")}</p>}
      {findings.length > 0 && (
        <>
          <p>{t("report.understood")}</p>
          <ul className="understood">
            {findings.map((f) => (
              <li key={`${f.variable}-${f.state}`}>
                {t("evidence.name", { name: pick(result.words[f.variable]?.name) || f.variable })}
                <strong>{pick(result.words[f.variable]?.states[f.state]) || f.state}</strong>
                {f.detail && <span className="quiet"> “{f.detail}”</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      {rest.length > 0 && (
        <p className="quiet">
          {t("report.not_understood")} {rest.map((words) => `“${words}”`).join(" ")}
        </p>
      )}
    </>
  );
}
