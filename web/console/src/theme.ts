// Light or dark: what the system prefers, unless somebody chose otherwise on this machine.

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const keptIn = "posmedic.theme";

export function keptTheme(): Theme {
  const kept = localStorage.getItem(keptIn);
  return themes.find((theme) => theme === kept) ?? "system";
}

/** Makes the style sheet follow the choice. */
export function applyTheme(theme: Theme): void {
  localStorage.setItem(keptIn, theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
