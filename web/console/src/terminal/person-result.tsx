import Button from "antd/es/button";
import Input from "antd/es/input";
import { useState } from "react";
import { useLanguage } from "../language.tsx";
import { Failure } from "../parts/failure.tsx";

type Props = { busy: boolean; error: unknown; onResult: (done: boolean, text: string) => void };

/** A person says that a step is done, or could not be done, and may say how it went. */
export function PersonResult({ busy, error, onResult }: Props) {
  const { t } = useLanguage();
  const [text, setText] = useState("");
  return (
    <div className="result">
      <Input
        aria-label={t("next.note")}
        placeholder={t("next.note")}
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="choices">
        <Button type="primary" disabled={busy} onClick={() => onResult(true, text.trim())}>
          {t("next.done")}
        </Button>
        <Button disabled={busy} onClick={() => onResult(false, text.trim())}>
          {t("next.failed")}
        </Button>
      </div>
      <Failure error={error} />
    </div>
  );
}
