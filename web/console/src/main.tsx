import "../../shared/tokens.css";
import "antd-styles.css";
import "./styles/base.css";
import "./styles/fleet.css";
import "./styles/terminal.css";
import "./styles/why.css";
import "./styles/knowledge.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { applyTheme, keptTheme } from "./theme.ts";

applyTheme(keptTheme());

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
