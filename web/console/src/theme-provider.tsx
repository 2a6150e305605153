import { createContext, type ReactNode, useContext, useMemo, useState, useSyncExternalStore } from "react";
import { applyTheme, keptTheme, type Theme } from "./theme.ts";

type Value = { theme: Theme; isDark: boolean; setTheme: (theme: Theme) => void };

const Context = createContext<Value | null>(null);
const preference = () => matchMedia("(prefers-color-scheme: dark)");

function onPreference(changed: () => void): () => void {
  const media = preference();
  media.addEventListener("change", changed);
  return () => media.removeEventListener("change", changed);
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, choose] = useState(keptTheme);
  const prefersDark = useSyncExternalStore(onPreference, () => preference().matches);
  const value = useMemo(
    () => ({
      theme,
      isDark: theme === "dark" || (theme === "system" && prefersDark),
      setTheme: (next: Theme) => {
        applyTheme(next);
        choose(next);
      },
    }),
    [theme, prefersDark],
  );
  return <Context value={value}>{children}</Context>;
}

export function useTheme(): Value {
  const value = useContext(Context);
  if (!value) throw new Error("useTheme outside of ThemeProvider");
  return value;
}
