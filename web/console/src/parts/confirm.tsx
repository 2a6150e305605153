import Button from "antd/es/button";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useLanguage } from "../language.tsx";
import { Failure } from "./failure.tsx";

type Props = {
  /** What the button does; it stands on the button, over the question and on the button that agrees. */
  label: string;
  danger?: boolean;
  busy: boolean;
  error: unknown;
  /** Does it; the question closes when this succeeds. */
  onAgree: () => Promise<unknown>;
  /** What will happen. */
  children: ReactNode;
};

/** A button whose effect is told before it happens. The browser's own dialog keeps the focus in and gives it back. */
export function Confirm({ label, danger, busy, error, onAgree, children }: Props) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = () => dialog.current?.close();
  // A failure is shown by the caller's error; the question stays open beside it.
  const agree = () => void onAgree().then(close, () => undefined);
  return (
    <>
      <Button type={danger ? "default" : "primary"} danger={danger} onClick={() => setOpen(true)}>
        {label}
      </Button>
      {open && (
        <dialog ref={dialog} className="confirm" aria-labelledby={title} onClose={() => setOpen(false)}>
          <h2 id={title}>{t("confirm.title", { what: label })}</h2>
          {children}
          <Failure error={error} />
          <div className="choices">
            <Button type="primary" danger={danger} loading={busy} onClick={agree}>
              {label}
            </Button>
            <Button disabled={busy} onClick={close}>
              {t("confirm.cancel")}
            </Button>
          </div>
        </dialog>
      )}
    </>
  );
}
