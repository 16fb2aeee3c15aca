// Pictures with rings: cut to the marked part in the talk, whole and zoomable when enlarged.

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Box, Point } from "../net/wire";
import type { Picture } from "../talk/thread";
import type { Say } from "../words";

interface Frame { x: number; y: number; width: number; height: number }

/** The part of a picture to show: all marks with room around them, in a shape that suits the panel. */
export function frame(picture: { width: number; height: number }, boxes: readonly Box[]): Frame {
  const { width, height } = picture;
  const left = Math.min(...boxes.map((b) => b[0]));
  const top = Math.min(...boxes.map((b) => b[1]));
  const right = Math.max(...boxes.map((b) => b[2]));
  const bottom = Math.max(...boxes.map((b) => b[3]));
  let wide = Math.min(width, Math.max((right - left) * 1.6, width * 0.42, 360));
  let high = Math.min(height, Math.max((bottom - top) * 1.6, wide * 0.62));
  wide = Math.min(width, Math.max(wide, high * 1.2));
  high = Math.min(high, wide * 1.4);
  const x = Math.max(0, Math.min(width - wide, (left + right - wide) / 2));
  const y = Math.max(0, Math.min(height - high, (top + bottom - high) / 2));
  return { x, y, width: wide, height: high };
}

/** A ring around one control, and the number of its step; `unit` is one pixel of the panel in the picture's. */
function ring(point: Point, unit: number, inside: Frame): TemplateResult {
  const [left, top, right, bottom] = point.box;
  const pad = 5 * unit;
  const x = left - pad;
  const y = top - pad;
  const radius = 11 * unit;
  // the number stands on the ring's corner, but never outside the part that is shown
  const cx = Math.max(inside.x + radius, Math.min(inside.x + inside.width - radius, x));
  const cy = Math.max(inside.y + radius, Math.min(inside.y + inside.height - radius, y));
  const box = { width: right - left + 2 * pad, height: bottom - top + 2 * pad, round: 8 * unit };
  return svg`<g>
    <rect class="halo" x=${x} y=${y} width=${box.width} height=${box.height} rx=${box.round} stroke-width=${7 * unit} />
    <rect class="ring" x=${x} y=${y} width=${box.width} height=${box.height} rx=${box.round} stroke-width=${3.5 * unit} />
    ${point.step
      ? svg`<circle class="number" cx=${cx} cy=${cy} r=${radius} stroke-width=${2 * unit} />
        <text x=${cx} y=${cy} dy=".35em" font-size=${13 * unit} text-anchor="middle">${point.step}</text>`
      : nothing}</g>`;
}

export function marked(picture: Picture, points: readonly Point[], part: Frame, shown: number, broken: () => void): TemplateResult {
  return html`<svg class="marked" viewBox="${part.x} ${part.y} ${part.width} ${part.height}" aria-hidden="true">
    <image href=${picture.url ?? ""} width=${picture.width} height=${picture.height} preserveAspectRatio="none" @error=${broken} />
    ${points.map((point) => ring(point, part.width / shown, part))}</svg>`;
}

/** The same in words: where each ring is. */
export function described(picture: Picture, points: readonly Point[], say: Say): string[] {
  return points.map(({ label, box, step }) => {
    const across = (box[0] + box[2]) / 2 / picture.width;
    const down = (box[1] + box[3]) / 2 / picture.height;
    const place = `${say(down < 0.33 ? "top" : down > 0.67 ? "bottom" : "middle")}, ${say(across < 0.4 ? "left" : across > 0.6 ? "right" : "middle")}`;
    return say("stepPlace", { step: step ?? 1, label, place });
  });
}

const STEP = 60;
const MOVES: Record<string, [number, number]> = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

/** Zooms and moves what is in a box: two fingers, wheel, double tap, drag, arrow keys, and the buttons through `by`. */
export class Zoom {
  private scale = 1;
  private x = 0;
  private y = 0;
  private fingers = new Map<number, { x: number; y: number }>();
  private spread = 0;

  constructor(private readonly box: () => HTMLElement | null) {}

  by(factor: number, at?: { x: number; y: number }): void {
    const box = this.box();
    if (!box) return;
    const area = box.parentElement!.getBoundingClientRect();
    const centre = at ?? { x: area.width / 2, y: area.height / 2 };
    const scale = Math.max(1, Math.min(8, this.scale * factor));
    this.x = centre.x - ((centre.x - this.x) * scale) / this.scale;
    this.y = centre.y - ((centre.y - this.y) * scale) / this.scale;
    this.scale = scale;
    if (scale === 1) this.x = this.y = 0;
    this.show();
  }

  /** As the next picture starts: whole. */
  reset(): void {
    this.scale = 1;
    this.x = this.y = 0;
    this.fingers.clear();
  }

  key = (event: KeyboardEvent): void => {
    const move = MOVES[event.key];
    if (event.key === "+" || event.key === "-") this.by(event.key === "+" ? 1.5 : 1 / 1.5);
    if (!move || this.scale === 1) return;
    event.preventDefault();
    this.x += move[0];
    this.y += move[1];
    this.show();
  };

  private show(): void {
    const box = this.box();
    if (box) box.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
  }

  private local(event: MouseEvent): { x: number; y: number } {
    const area = this.box()!.parentElement!.getBoundingClientRect();
    return { x: event.clientX - area.left, y: event.clientY - area.top };
  }

  wheel = (event: WheelEvent): void => {
    event.preventDefault();
    this.by(event.deltaY < 0 ? 1.2 : 1 / 1.2, this.local(event));
  };

  twice = (event: MouseEvent): void => this.by(this.scale > 1.5 ? 1 / this.scale : 2.5, this.local(event));

  down = (event: PointerEvent): void => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, this.local(event));
    this.spread = 0;
  };

  move = (event: PointerEvent): void => {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = this.local(event);
    this.fingers.set(event.pointerId, now);
    const [a, b] = [...this.fingers.values()];
    if (a && b) {
      const spread = Math.hypot(a.x - b.x, a.y - b.y);
      if (this.spread) this.by(spread / this.spread, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
      this.spread = spread;
    } else if (this.scale > 1) {
      this.x += now.x - before.x;
      this.y += now.y - before.y;
      this.show();
    }
  };

  up = (event: PointerEvent): void => {
    this.fingers.delete(event.pointerId);
    this.spread = 0;
  };
}
