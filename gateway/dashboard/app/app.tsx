import { Provider } from "urql";
import { Router } from "wouter";
import { client } from "../api/client.ts";
import { useHashPath } from "./location.ts";
import { Gate } from "./gate.tsx";
import { Shell } from "./shell.tsx";

export function App() {
  return (
    <Provider value={client}>
      <Router hook={useHashPath} hrefs={(path) => `#${path}`}>
        <Gate>
          <Shell />
        </Gate>
      </Router>
    </Provider>
  );
}
