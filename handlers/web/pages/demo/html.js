// Text that becomes markup, safely: every value in html`...` is escaped unless it is markup already. And the icons.

class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(escaped).join("");
  if (value === null || value === undefined || value === false) return "";
  return String(value).replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

export function html(parts, ...values) {
  return new Markup(parts.reduce((text, part, i) => text + escaped(values[i - 1]) + part));
}

const PATHS = {
  home: "M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4.500v-5h-5v5H5a1 1 0 0 1-1-1z",
  orders: "M7 4h10a1 1 0 0 1 1 1v15l-3-1.8-3 1.8-3-1.800L6 20V5a1 1 0 0 1 1-1zM9.5 9h5M9.5 13h5",
  invoices: "M6 4h8l4 4v12H6zM14 4v4h4M9 13h6M9 16.500h4",
  files: "M4 7a1 1 0 0 1 1-1h4.500l2 2.500H19a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z",
  reports: "M5 20V11M10 20V5M15 20v-7M20 20V8",
  team: "M9 11.500a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.400zM3.5 19.500c.4-3.4 2.6-5.2 5.5-5.200s5.1 1.8 5.5 5.200M15.5 5.400a3 3 0 0 1 0 5.800M17 14.500c2 .6 3.2 2.2 3.5 5",
  settings: "M4 7h9m4 0h3M4 17h3m4 0h9M15 9.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM9 19.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  alert: "M12 4.5 21 20H3zM12 10v4.500M12 17.200v.1",
  check: "M5 12.5 10 17.5 19.5 7",
  circle: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z",
  lock: "M7 11h10v9H7zM9 11V8a3 3 0 0 1 6 0v3",
  upload: "M12 16V5M7.5 9.5 12 5l4.5 4.500M5 19h14",
  sync: "M5 12a7 7 0 0 1 12-4.900L19 9M19 4.500V9h-4.500M19 12a7 7 0 0 1-12 4.900L5 15M5 19.500V15h4.5",
  card: "M3.5 6.500h17v11h-17zM3.5 10.500h17M7 14.500h3",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1.500M12 19.500V21M3 12h1.500M19.5 12H21M5.6 5.600l1.1 1.100M17.3 17.300l1.1 1.100M5.6 18.400l1.1-1.100M17.3 6.700l1.1-1.1",
  guide: "M5 4.500h9a3 3 0 0 1 3 3V20H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h9",
  close: "M6 6l12 12M18 6 6 18",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  down: "M6 9.5 12 15l6-5.5",
  barn: "M4 11.5 12 5l8 6.500V20H4zM9 20v-5m3 5v-5m3 5v-5M7.5 18.800l9-2.4",
};

export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`;
