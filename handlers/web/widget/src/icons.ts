// Icons, drawn for this project on a grid of 24.

import { svg, type TemplateResult } from "lit";

const PATHS = {
  close: "M6.5 6.500l11 11M17.5 6.500l-11 11",
  back: "M14.5 5.5 8 12l6.5 6.5",
  send: "M12 19V5.500M6 11.500l6-6 6 6",
  picture: "M4.5 5.500h15v13h-15zM4.5 16l4.5-4.5 4 4 2.5-2.5 4 4M15.5 9.500h.01",
  page: "M4 8V5.500A1.5 1.5 0 0 1 5.5 4H8M16 4h2.500A1.5 1.5 0 0 1 20 5.500V8M20 16v2.500a1.5 1.5 0 0 1-1.5 1.500H16M8 20H5.500A1.5 1.5 0 0 1 4 18.500V16M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  person: "M12 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20c.5-4 3.3-6 7-6s6.5 2 7 6",
  eye: "M3 12c2.2-4 5.3-6 9-6s6.8 2 9 6c-2.2 4-5.3 6-9 6s-6.8-2-9-6zM12 14.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  check: "M5.5 12.5 10 17l8.5-9.5",
  warn: "M12 4.5 21 20H3zM12 10v4.500M12 17.200v.1",
  more: "M5.8 12h.4M11.8 12h.4M17.8 12h.4M5.8 11.6v.8M11.8 11.6v.8M17.8 11.6v.8",
  enlarge: "M13.5 4.500h6v6M10.5 19.500h-6v-6M19.5 4.500l-6.5 6.500M4.5 19.500l6.5-6.5",
  pen: "M5 19l1-4L16 5l3 3L9 18z",
  retry: "M19 12a7 7 0 1 1-2-4.900L19 9M19 4.500V9h-4.5",
  article: "M6 4h8l4 4v12H6zM14 4v4h4M9 12.500h6M9 16h4",
  yes: "M7 11v8.500H4.500V11zM7 18.500c3 1.3 5.5 1.3 8.5 1 1.5-.2 2.2-1 2.5-2.500l.8-4c.3-1.5-.5-2.5-2-2.500H14c.5-2 .5-3.5 0-5-.4-1.3-2-1.3-2.3 0C11 8 9.5 10 7 11",
  no: "M7 13V4.500H4.500V13zM7 5.500c3-1.3 5.5-1.3 8.5-1 1.5.2 2.2 1 2.5 2.500l.8 4c.3 1.5-.5 2.5-2 2.500H14c.5 2 .5 3.5 0 5-.4 1.3-2 1.3-2.3 0-.7-2.5-2.2-4.5-4.7-5.5",
  plus: "M12 6v12M6 12h12",
  minus: "M6 12h12",
  down: "M12 5.500V19M6 13l6 6 6-6",
  trash: "M5 7h14M9.5 7V4.500h5V7M7 7l1 13h8l1-13",
};

export type Icon = keyof typeof PATHS;

export const icon = (name: Icon): TemplateResult =>
  svg`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;

/** The mark of HelpLens: a lens whose glass is the ring that it draws. */
export const mark = (): TemplateResult =>
  svg`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="14" cy="14" r="8.5" /><path d="M20.5 20.5 27 27" /><path class="in" d="M11 14.500l2.2 2.2 4.3-5" /></svg>`;
