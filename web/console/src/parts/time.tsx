import { absolute, ago, span } from "../../../shared/format.ts";
import { useLanguage } from "../language.tsx";
import { useNow } from "./clock.ts";

/** "3 minutes ago", with the exact time on hover. */
export function Ago({ at }: { at: string }) {
  const { lang } = useLanguage();
  const now = useNow();
  return (
    <time dateTime={at} title={absolute(at)}>
      {ago(at, now, lang)}
    </time>
  );
}

/** "38 min", with the exact start on hover. */
export function Since({ at }: { at: string }) {
  const { lang } = useLanguage();
  const now = useNow();
  return (
    <time dateTime={at} title={absolute(at)}>
      {span((now - new Date(at).getTime()) / 1000, lang)}
    </time>
  );
}
