import { useLanguage } from "../language.tsx";
import { useTheme } from "../theme-provider.tsx";
import { themes } from "../theme.ts";

/** Language and appearance. */
export function Preferences() {
  const { lang, setLang, t } = useLanguage();
  const { theme, setTheme } = useTheme();
  return (
    <div className="preferences">
      <select aria-label={t("lang.label")} value={lang} onChange={(event) => setLang(event.target.value === "zh" ? "zh" : "en")}>
        <option value="zh" lang="zh-CN">
          中文
        </option>
        <option value="en" lang="en">
          English
        </option>
      </select>
      <select
        aria-label={t("theme.label")}
        value={theme}
        onChange={(event) => setTheme(themes.find((each) => each === event.target.value) ?? "system")}
      >
        {themes.map((each) => (
          <option key={each} value={each}>
            {t(`theme.${each}`)}
          </option>
        ))}
      </select>
    </div>
  );
}
