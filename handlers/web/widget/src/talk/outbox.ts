// Messages on their way: kept until the server has them, repeated under the same key, in order.

import { Refusal } from "../net/api";
import type { Session, Unsent } from "./session";

export interface Waiting extends Unsent {
  state: "sending" | "waiting" | "refused";
  detail: string;
  /** When it will be tried again, in milliseconds of the page's clock; 0 when it waits for the network. */
  next: number;
}

const LONGEST_WAIT_S = 30;

export class Outbox {
  waiting: Waiting[];
  /** Keys of this tab's messages: those of other tabs are theirs to keep and to remove. */
  private readonly own = new Set<string>();
  private busy = false;
  private timer = 0;
  private failures = 0;

  /** `post` sends one message; it rejects with a Refusal, or with anything else when the network failed. */
  constructor(
    private readonly session: Session,
    private readonly post: (message: Unsent) => Promise<void>,
    private readonly changed: () => void,
  ) {
    this.waiting = session.memory.outbox.map((message) => ({ ...message, state: "waiting", detail: "", next: 0 }));
    for (const { key } of this.waiting) this.own.add(key);
    addEventListener("online", this.now);
  }

  stop(): void {
    clearTimeout(this.timer);
    removeEventListener("online", this.now);
  }

  add(text: string, pictures: string[]): void {
    this.waiting.push({ key: crypto.randomUUID(), text, pictures, at: Date.now(), state: "sending", detail: "", next: 0 });
    this.own.add(this.waiting.at(-1)!.key);
    this.keep();
    this.now();
  }

  remove(key: string): Waiting | undefined {
    const found = this.waiting.find((message) => message.key === key);
    this.waiting = this.waiting.filter((message) => message !== found);
    if (found) this.keep();
    return found;
  }

  now = (): void => {
    clearTimeout(this.timer);
    void this.flush();
  };

  private keep(): void {
    const others = this.session.memory.outbox.filter((message) => !this.own.has(message.key));
    this.session.update({ outbox: [...others, ...this.waiting.map(({ key, text, pictures, at }) => ({ key, text, pictures, at }))] });
    this.changed();
  }

  private async flush(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (;;) {
      const next = this.waiting.find((message) => message.state !== "refused");
      if (!next) break;
      Object.assign(next, { state: "sending", next: 0 });
      this.changed();
      try {
        await this.post(next);
        this.failures = 0;
        this.remove(next.key);
      } catch (error) {
        if (this.putBack(next, error)) break;
      }
    }
    this.busy = false;
  }

  /** What becomes of a message that did not get through; true when the others have to wait with it. */
  private putBack(message: Waiting, error: unknown): boolean {
    if (!this.waiting.includes(message)) return false; // taken back, or its sender has left
    if (error instanceof Refusal && !error.passing) {
      Object.assign(message, { state: "refused", detail: error.detail });
      this.changed();
      return false;
    }
    const asked = error instanceof Refusal ? error.retry : undefined;
    const seconds = Math.min(asked ?? 2 ** this.failures++, asked ?? LONGEST_WAIT_S);
    Object.assign(message, {
      state: "waiting", detail: error instanceof Refusal ? error.detail : "", next: navigator.onLine ? Date.now() + seconds * 1000 : 0,
    });
    this.timer = window.setTimeout(this.now, seconds * 1000);
    this.changed();
    return true;
  }
}
