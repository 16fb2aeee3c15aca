// Reads a conversation's events and goes on after any interruption at the event after the last one read.

import { createParser } from "eventsource-parser";
import type { EventName, Events, Opened } from "./wire";

export type Line = "connecting" | "open" | "offline" | "gone" | "refused";
const SILENCE_MS = 40_000; // the server says something every 15 s
const HIDDEN_MS = 30_000; // browsers allow few connections to one host: a tab that nobody sees gives its own back
const LONGEST_WAIT_MS = 15_000;

export interface Reader {
  event<K extends EventName>(id: number, name: K, data: Events[K]): void;
  line(state: Line): void;
}

export class EventReader {
  private last = "";
  private abort?: AbortController;
  private timer = 0;
  private hidden = 0;
  private failures = 0;
  private stopped = false;

  constructor(
    private readonly address: string,
    private readonly of: Opened,
    private readonly reader: Reader,
  ) {
    addEventListener("online", this.wake);
    addEventListener("offline", this.sleep);
    document.addEventListener("visibilitychange", this.visibility);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.sleep);
    document.removeEventListener("visibilitychange", this.visibility);
    clearTimeout(this.hidden);
    this.close();
  }

  /** Forget the position and read everything again. */
  again(): void {
    this.last = "";
    this.wake();
  }

  private close(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = undefined;
  }

  private wake = (): void => {
    this.failures = 0;
    this.close();
    void this.connect();
  };

  private sleep = (): void => {
    this.close();
    this.reader.line("offline");
  };

  private visibility = (): void => {
    clearTimeout(this.hidden);
    if (document.hidden) this.hidden = window.setTimeout(() => this.close(), HIDDEN_MS);
    else if (!this.abort) this.wake();
  };

  private later(): void {
    if (this.stopped || document.hidden) return;
    const wait = Math.min(LONGEST_WAIT_MS, 400 * 2 ** this.failures++) * (0.7 + 0.6 * Math.random());
    this.reader.line(navigator.onLine ? "connecting" : "offline");
    this.timer = window.setTimeout(() => void this.connect(), wait);
  }

  private async connect(): Promise<void> {
    const abort = (this.abort = new AbortController());
    let silence = 0;
    const heard = () => {
      clearTimeout(silence);
      silence = window.setTimeout(() => abort.abort(), SILENCE_MS);
    };
    try {
      heard();
      const response = await fetch(this.address, {
        credentials: "omit",
        cache: "no-store",
        signal: abort.signal,
        headers: { Accept: "text/event-stream", Authorization: `Bearer ${this.of.token}`, ...(this.last ? { "Last-Event-ID": this.last } : {}) },
      });
      if (response.status === 404 || response.status === 401 || response.status === 403) {
        this.stopped = true;
        this.reader.line(response.status === 404 ? "gone" : "refused");
        return;
      }
      if (!response.ok || !response.body) throw new TypeError(`status ${response.status}`);
      this.reader.line("open");
      await this.read(response.body, heard);
    } catch {
      // the network, the server, or our own abort: come back below
    } finally {
      clearTimeout(silence);
      if (this.abort === abort) {
        this.abort = undefined;
        this.later();
      }
    }
  }

  private async read(body: ReadableStream<Uint8Array>, heard: () => void): Promise<void> {
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (!event) return;
        if (id !== undefined) this.last = event === "fresh" ? "" : id;
        this.failures = 0;
        this.reader.event(Number(id ?? 0), event as EventName, JSON.parse(data));
      },
    });
    const text = body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader();
    for (;;) {
      const { done, value } = await text.read();
      if (done) return;
      heard();
      parser.feed(value);
    }
  }
}
