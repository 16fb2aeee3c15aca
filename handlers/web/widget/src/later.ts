// Parts that are fetched when they are first needed, from beside the widget's own file.

import type * as Capture from "./picture/capture";
import type * as Editor from "./picture/editor";
import type { Words } from "./words";

declare const __LATER__: Record<string, string>;

interface Parts {
  editor: typeof Editor;
  capture: typeof Capture;
  de: { default: Words };
  es: { default: Words };
  fr: { default: Words };
}

/** Loads a part. Rejects when it cannot be fetched: say so, and leave what the customer has. */
export function later<K extends keyof Parts>(base: string, part: K): Promise<Parts[K]> {
  return import(/* @vite-ignore */ `${base}/widget/${__LATER__[part]}`) as Promise<Parts[K]>;
}
