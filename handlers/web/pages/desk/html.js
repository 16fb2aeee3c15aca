// Text that becomes markup, safely: every value in html`...` is escaped unless it is markup already.

class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const INVISIBLE = /[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\u00AD]/gu;

function escaped(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(escaped).join("");
  if (value === null || value === undefined || value === false) return "";
  return String(value).replace(INVISIBLE, "").replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

export function html(parts, ...values) {
  return new Markup(parts.reduce((text, part, i) => text + escaped(values[i - 1]) + part));
}

export const ago = (ms, now = Date.now()) => {
  const minutes = Math.max(0, Math.round((now - ms) / 60_000));
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
};
