// The file to embed: <script src=".../widget.js" async data-helplens></script>. Mounts the widget, sets window.HelpLens.

import { mount, type Options } from "./index";
import type { HelpLensWidget } from "./element";

type Heard = (detail: unknown) => void;
interface HelpLens {
  open(): void;
  close(): void;
  ask(text: string): void;
  identify(jwt: string): Promise<void>;
  shutdown(): void;
  context(more: Record<string, unknown>): void;
  on(event: "open" | "close" | "message", heard: Heard): () => void;
}
declare global {
  interface Window { HelpLens?: HelpLens }
}

const script = document.currentScript as HTMLScriptElement | null;

function options(): Options {
  const { api, lang, theme, sound, review, private: hidden } = script?.dataset ?? {};
  return {
    api: api ?? (script?.src ? new URL(script.src).origin : location.origin), lang: lang ?? "", theme: theme ?? "",
    sound: sound !== undefined, review: review !== undefined, private: hidden ?? "",
  };
}

function start(): void {
  const widget = mount(options());
  window.HelpLens = handle(widget);
  window.dispatchEvent(new Event("helplens:ready"));
}

const handle = (widget: HelpLensWidget): HelpLens => ({
  open: () => widget.show(),
  close: () => widget.hide(),
  ask: (text) => widget.ask(String(text)),
  identify: (jwt) => widget.client.identify(jwt),
  shutdown: () => widget.shutdown(),
  context: (more) => void Object.assign(widget.client.context, more),
  on(event, heard) {
    const listener = (e: Event) => heard((e as CustomEvent<unknown>).detail);
    widget.addEventListener(`helplens:${event}`, listener);
    return () => widget.removeEventListener(`helplens:${event}`, listener);
  },
});

// loaded twice, it is still one widget
if (!window.HelpLens) {
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
}
