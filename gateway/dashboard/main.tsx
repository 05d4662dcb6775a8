import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/forms.css";
import "./style/shell.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { askOtherTabs } from "./api/key.ts";
import { App } from "./app/app.tsx";
import { isAtHome } from "./app/location.ts";
import { reloadForNewFiles } from "./app/new-files.ts";
import { askForLatestScans } from "./screens/home/latest-scans.ts";

reloadForNewFiles();
await askOtherTabs();
if (isAtHome()) askForLatestScans();

const root = document.querySelector("#app");
if (root === null) throw new Error("index.html has no #app");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
