/** The title of the browser's tab, which is also what its history shows. */

import { useEffect, useLayoutEffect } from "react";
import { visibleText } from "../../../schema/visible-text.ts";

const LONGEST = 120;

const show = (name: string) => {
  document.title = name === "" ? "ScanMesh" : `${visibleText(name).slice(0, LONGEST)} · ScanMesh`;
};

/** Names the tab after a screen, before the screen itself can say it better. */
export function useScreenTitle(name: string): void {
  useLayoutEffect(() => show(name), [name]);
}

/** Names the tab after what a screen shows, such as the name of a file; undefined as long as that is not known. */
export function useTitle(name: string | undefined): void {
  useEffect(() => {
    if (name !== undefined) show(name);
  }, [name]);
}
