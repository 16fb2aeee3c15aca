// Slack's emoji as small drawings of our own: not every machine has a font for them.

const LINE = {
  eyes: "M6 8c-2 0-3 2-3 4s1 4 3 4 3-2 3-4-1-4-3-4zm0 5v1M18 8c-2 0-3 2-3 4s1 4 3 4 3-2 3-4-1-4-3-4zm0 5v1",
  white_check_mark: "M4 4h16v16H4zM8 12l3 3 5-6",
  hourglass_flowing_sand: "M7 3h10M7 21h10M8 3c0 5 8 5 8 9s-8 4-8 9M16 3c0 5-8 5-8 9s8 4 8 9",
  x: "M5 5l14 14M19 5L5 19",
  warning: "M12 3L2 20h20zM12 10v5M12 17.5v.5",
  speech_balloon: "M4 5h16v11h-8l-5 4v-4H4z",
  lock: "M6 11h12v9H6zM8 11V8a4 4 0 018 0v3M12 14v3",
  robot_face: "M5 8h14v11H5zM12 8V4M9 12v2M15 12v2M9 16.5h6M3 12v3M21 12v3",
  wave: "M8 13V6a1.5 1.5 0 013 0v5V4.500a1.5 1.5 0 013 0V11V6a1.5 1.5 0 013 0v8a6 6 0 01-11 3l-2.500-4a1.500 1.500 0 012.500-1.500z",
  memo: "M6 3h9l4 4v14H6zM9 9h5M9 13h7M9 17h7",
  zzz: "M4 13h6l-6 7h6M13 4h7l-7 8h7",
  bust_in_silhouette: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 21c0-5 4-7 8-7s8 2 8 7",
  paperclip: "M8 12l6-6a3 3 0 014 4l-8 8a5 5 0 01-7-7l7-7",
  mag: "M10 4a6 6 0 100 12 6 6 0 000-12zM15 15l6 6",
  arrows_counterclockwise: "M4 12a8 8 0 0114-5l2 2M20 4v5h-5M20 12a8 8 0 01-14 5l-2-2M4 20v-5h5",
  ticket: "M3 8h18v3a2 2 0 000 4v3H3v-3a2 2 0 000-4z",
  mega: "M4 10v4h3l9 5V5l-9 5zM7 14l1 6h3l-1-5M19 9a4 4 0 010 6",
  eye: "M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7zM12 9a3 3 0 100 6 3 3 0 000-6z",
};
const SVG = "http://www.w3.org/2000/svg";

/** The drawing of an emoji by Slack's name for it; null for one that we have not drawn. */
export function icon(name) {
  const path = LINE[name];
  if (!path) return null;
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", role: "img", "aria-label": name.replaceAll("_", " ") })) svg.setAttribute(key, value);
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
