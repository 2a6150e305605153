import ConfigProvider from "antd/es/config-provider";
import en from "antd/es/locale/en_US";
import zh from "antd/es/locale/zh_CN";
import theme from "antd/es/theme";
import type { ReactNode } from "react";
import { useLanguage } from "./language.tsx";
import { useTheme } from "./theme-provider.tsx";

// The values of tokens.css that antd computes further shades from; it cannot read CSS variables.
const light = { colorPrimary: "#0958d9", colorError: "#cf1322", colorSuccess: "#237804", colorWarning: "#874d00" };
const dark = { colorPrimary: "#3c89e8", colorError: "#ff9c9a", colorSuccess: "#95de64", colorWarning: "#ffd666" };

const shared = {
  borderRadius: 6,
  fontFamily: "inherit",
  colorBgContainer: "var(--surface)",
  colorText: "var(--text)",
  colorTextPlaceholder: "var(--text-2)",
  colorTextDescription: "var(--text-2)",
  colorTextDisabled: "var(--text-2)",
  colorBorder: "var(--control)",
};

const button = {
  colorPrimary: "var(--primary)",
  colorPrimaryHover: "var(--primary-hover)",
  colorPrimaryActive: "var(--primary-hover)",
  primaryColor: "var(--on-primary)",
  primaryShadow: "none",
  defaultShadow: "none",
};

export function Antd({ children }: { children: ReactNode }) {
  const { lang } = useLanguage();
  const { isDark } = useTheme();
  return (
    <ConfigProvider
      locale={lang === "zh" ? zh : en}
      button={{ autoInsertSpace: false }}
      theme={{
        zeroRuntime: true,
        hashed: false,
        algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { ...(isDark ? dark : light), ...shared },
        components: { Button: button },
      }}
    >
      {children}
    </ConfigProvider>
  );
}
