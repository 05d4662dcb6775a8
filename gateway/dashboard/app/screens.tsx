/** Every screen: its address, and the code that is loaded when it is opened. */

import { lazy, type ComponentType } from "react";
import type { Scope } from "../generated/viewer.ts";
import Home from "../screens/home/home.tsx";

export interface Screen {
  readonly path: string;
  /** Its name in the navigation; without it, other screens lead to it. */
  readonly label?: string;
  /** Few people need it: it stands under "More". */
  readonly rare?: true;
  /** The title of its tab, if that is not the label. */
  readonly title?: string;
  /** What a key needs for it. */
  readonly scope: Scope;
  readonly component: ComponentType;
}

export const SCREENS: readonly Screen[] = [
  { path: "/", label: "Home", scope: "SCAN_READ", component: Home },
  { path: "/scans", label: "Scans", scope: "SCAN_READ", component: lazy(() => import("../screens/scans/scans.tsx")) },
  { path: "/scan/:id", title: "Report", scope: "SCAN_READ", component: lazy(() => import("../screens/scan/scan.tsx")) },
  { path: "/sample/:hash", title: "Sample", scope: "SCAN_READ", component: lazy(() => import("../screens/sample/sample.tsx")) },
  { path: "/fleet", label: "Fleet", scope: "SCAN_READ", component: lazy(() => import("../screens/fleet/fleet.tsx")) },
  {
    path: "/fleet/add",
    title: "Add a host",
    scope: "ADMIN",
    component: lazy(() => import("../screens/add-host/add-host.tsx")),
  },
  { path: "/engines", label: "Engines", scope: "SCAN_READ", component: lazy(() => import("../screens/engines/engines.tsx")) },
  {
    path: "/updates",
    label: "Updates",
    rare: true,
    scope: "SCAN_READ",
    component: lazy(() => import("../screens/updates/updates.tsx")),
  },
  {
    path: "/rulesets",
    label: "Rulesets",
    rare: true,
    scope: "SCAN_READ",
    component: lazy(() => import("../screens/rulesets/rulesets.tsx")),
  },
  {
    path: "/statistics",
    label: "Statistics",
    scope: "SCAN_READ",
    component: lazy(() => import("../screens/statistics/statistics.tsx")),
  },
  {
    path: "/changed",
    label: "Changed verdicts",
    rare: true,
    scope: "SCAN_READ",
    component: lazy(() => import("../screens/changed/changed.tsx")),
  },
  { path: "/keys", label: "Keys", rare: true, scope: "ADMIN", component: lazy(() => import("../screens/keys/keys.tsx")) },
  {
    path: "/webhooks",
    label: "Webhooks",
    rare: true,
    scope: "ADMIN",
    component: lazy(() => import("../screens/webhooks/webhooks.tsx")),
  },
  {
    path: "/webhooks/:id",
    title: "Deliveries",
    scope: "ADMIN",
    component: lazy(() => import("../screens/webhooks/deliveries.tsx")),
  },
  { path: "/audit", label: "Audit", rare: true, scope: "ADMIN", component: lazy(() => import("../screens/audit/audit.tsx")) },
  { path: "/api", label: "API", rare: true, scope: "SCAN_READ", component: lazy(() => import("../screens/api/api.tsx")) },
  {
    path: "/status",
    label: "Status",
    rare: true,
    scope: "SCAN_READ",
    component: lazy(() => import("../screens/status/status.tsx")),
  },
];
