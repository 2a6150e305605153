import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Text } from "../../api/types.ts";
import en from "../../locales/console.en.json";
import zh from "../../locales/console.zh-CN.json";
import { type Lang, type Params, pick, say, startLang, tag } from "../../shared/i18n.ts";

type Whole<K extends string> = K extends `${infer Stem}_one` | `${infer Stem}_other` ? Stem : K;

/** Every key of the catalogue; those that depend on a number are named without their ending. */
export type Key = Whole<keyof typeof en & string>;

export type Language = {
  lang: Lang;
  setLang: (lang: Lang) => void;
  /** The sentence of a key. */
  t: (key: Key, params?: Params) => string;
  /** The word for a value of the server ("who", "merchant" → the shop); an unknown value is shown as it is. */
  term: (family: string, value: string) => string;
  /** The sentence of a text of the server. */
  pick: (text: Text | string | undefined) => string;
};

const keptIn = "posmedic.lang";
const Context = createContext<Language | null>(null);

export function language(lang: Lang, setLang: (lang: Lang) => void): Language {
  const catalogue: Record<string, string> = lang === "zh" ? zh : en;
  return {
    lang,
    setLang,
    t: (key, params) => say(catalogue, lang, key, params),
    term: (family, value) => catalogue[`${family}.${value}`] ?? value,
    pick: (text) => (typeof text === "string" ? text : pick(text, lang)),
  };
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [lang, setLang] = useState(() =>
    startLang(location.search, localStorage.getItem(keptIn), navigator.language),
  );
  useEffect(() => {
    document.documentElement.lang = tag(lang);
    localStorage.setItem(keptIn, lang);
  }, [lang]);
  const value = useMemo(() => language(lang, setLang), [lang]);
  return <Context value={value}>{children}</Context>;
}

export function useLanguage(): Language {
  const value = useContext(Context);
  if (!value) throw new Error("useLanguage outside of LanguageProvider");
  return value;
}
