import { Provider } from "urql";
import { Router } from "wouter";
import { client } from "../api/client.ts";
import { useHashPath, useHashSearch } from "./location.ts";
import { Gate } from "./gate.tsx";
import { Shell } from "./shell.tsx";

export function App() {
  return (
    <Provider value={client}>
      <Router hook={useHashPath} searchHook={useHashSearch} hrefs={(path) => `#${path}`}>
        <Gate>
          <Shell />
        </Gate>
      </Router>
    </Provider>
  );
}
