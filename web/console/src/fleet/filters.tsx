import { useNavigate, useSearch } from "@tanstack/react-router";
import Input from "antd/es/input";
import Segmented from "antd/es/segmented";
import { useEffect, useRef, useState } from "react";
import { useLanguage } from "../language.tsx";

/** A search starts when the reader has stopped typing for this long (milliseconds). */
const pause = 250;

export function Filters() {
  const { t } = useLanguage();
  const navigate = useNavigate({ from: "/" });
  const { attention } = useSearch({ from: "/inside/" });
  return (
    <div className="filters">
      <SearchBox />
      <Segmented
        aria-label={t("fleet.attention")}
        value={attention ? "attention" : "all"}
        options={[
          { value: "all", label: t("fleet.all") },
          { value: "attention", label: t("fleet.attention") },
        ]}
        onChange={(value) =>
          void navigate({
            search: (before) => ({ ...before, cursor: undefined, attention: value === "attention" ? true : undefined }),
          })
        }
      />
    </div>
  );
}

function SearchBox() {
  const { t } = useLanguage();
  const navigate = useNavigate({ from: "/" });
  const { q = "" } = useSearch({ from: "/inside/" });
  const [text, setText] = useState(q);
  const sent = useRef(q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // The address can change without this box ("back", "clear the filters"); what it sent itself must not come back
    // over what has been typed since.
    if (q === sent.current) return;
    sent.current = q;
    // oxlint-disable-next-line react/set-state-in-effect -- the address is an outside source
    setText(q);
  }, [q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = (value: string) => {
    sent.current = value.trim();
    void navigate({ replace: true, search: (before) => ({ ...before, cursor: undefined, q: sent.current || undefined }) });
  };
  return (
    <Input
      type="search"
      className="search"
      aria-label={t("fleet.search")}
      placeholder={t("fleet.search")}
      maxLength={100}
      value={text}
      onChange={(event) => {
        const { value } = event.target;
        setText(value);
        clearTimeout(timer.current);
        timer.current = setTimeout(look, pause, value);
      }}
    />
  );
}
