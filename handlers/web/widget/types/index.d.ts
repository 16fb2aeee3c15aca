// Types of the widget for bundlers: import { mount } from "helplens-widget".

export interface Options {
  /** The help desk's address, e.g. "https://help.example.com". */
  api?: string;
  /** "en", "de" or "es"; unset, the page's language. */
  lang?: string;
  /** "light" or "dark"; unset, the page's own color-scheme. */
  theme?: string;
  /** Whether an answer is heard when nobody looks. */
  sound?: boolean;
  /** Whether a pasted picture is shown in the editor before it is sent. */
  review?: boolean;
  /** CSS selectors of what else is private on this site's pages. */
  private?: string;
}

export declare class HelpLensWidget extends HTMLElement {
  open: boolean;
  show(): void;
  hide(): void;
  ask(text: string): void;
  shutdown(): void;
}

export declare const TAG: "helplens-widget";
export declare function mount(options?: Options): HelpLensWidget;

export interface HelpLens {
  open(): void;
  close(): void;
  /** Opens the panel with `text` ready to be sent. */
  ask(text: string): void;
  /** The site's signed token of the user who is signed in. */
  identify(jwt: string): Promise<void>;
  /** At logout: the next person at this computer sees nothing. */
  shutdown(): void;
  /** Facts about the page, sent with each message; `version`, `plan`, `audience` and `language` narrow what is found. */
  context(more: Record<string, unknown>): void;
  on(event: "open" | "close" | "message", heard: (detail: unknown) => void): () => void;
}

declare global {
  interface Window { HelpLens?: HelpLens }
  interface HTMLElementTagNameMap { "helplens-widget": HelpLensWidget }
}
