/** Who looks at this page: what the key may do, and what the mesh allows. */

import { createContext, use } from "react";
import type { Scope, ViewerQuery } from "../generated/viewer.ts";

export type Viewer = ViewerQuery["viewer"];

export const ViewerContext = createContext<Viewer | undefined>(undefined);

export function useViewer(): Viewer {
  const viewer = use(ViewerContext);
  if (viewer === undefined) throw new Error("a screen stands outside of the gate");
  return viewer;
}

/** Whether the caller may do something. */
export function useMay(scope: Scope): boolean {
  return useViewer().scopes.includes(scope);
}
