import { useEffect, useState } from "react";
import { useLanguage } from "../language.tsx";

/** A value that is copied with one click. */
export function Copy({ label, value }: { label: string; value: string }) {
  const { t } = useLanguage();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="copy"
      title={t("terminal.copy", { what: label })}
      onClick={() => void navigator.clipboard?.writeText(value).then(() => setCopied(true))}
    >
      <span className="copy-label">{label}</span> <span className="mono">{value}</span>
      <span className="copy-mark" role="status">
        {copied ? ` ${t("terminal.copied")}` : ""}
      </span>
    </button>
  );
}
