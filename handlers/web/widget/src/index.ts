// For bundlers: the element and the functions, nothing mounted. The types are in types/index.d.ts.

import { HelpLensWidget } from "./element";

export { HelpLensWidget };
export const TAG = "helplens-widget";

export interface Options { api?: string; lang?: string; theme?: string; sound?: boolean; review?: boolean; private?: string }

/** The page's one widget: made when there is none, given back when there is. */
export function mount(options: Options = {}): HelpLensWidget {
  if (!customElements.get(TAG)) customElements.define(TAG, HelpLensWidget);
  const there = document.querySelector<HelpLensWidget>(TAG);
  if (there) return there;
  const widget = Object.assign(document.createElement(TAG) as HelpLensWidget, options);
  document.body.append(widget);
  return widget;
}
