/** GraphiQL on the gateway's own API, with operations to begin with. A key for it goes into its headers: {"Authorization": "Bearer sm_…"}. */

import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { asWritten } from "./as-written.js";
import { EXAMPLES } from "./examples.js";

const endpoint = new URL("../graphql", window.location.href);
const subscriptions = new URL(endpoint);
subscriptions.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

const fetcher = asWritten(createGraphiQLFetcher({ url: endpoint.href, subscriptionUrl: subscriptions.href }));
const page = createElement(GraphiQL, {
  fetcher,
  defaultTabs: EXAMPLES,
  defaultEditorToolsVisibility: "variables",
  shouldPersistHeaders: false,
});

createRoot(document.querySelector("#graphiql")).render(page);
