// What this browser remembers, for the site that embeds us: the conversation's key, what is not sent yet, what was read.

import type { Opened } from "../net/wire";

export interface Unsent { key: string; text: string; pictures: string[]; at: number }
export interface Draft { text: string; pictures: { id: string; url: string; name: string }[] }
export interface Memory {
  conversation?: Opened;
  outbox: Unsent[];
  draft: Draft;
  readTo: number;
  open: boolean;
  /** The conversation about which the customer asked to be written to. */
  reached?: string;
  /** Whose it is: a digest of the proven user's id, empty for a visitor. */
  user: string;
}

const empty = (): Memory => ({ outbox: [], draft: { text: "", pictures: [] }, readTo: 0, open: false, user: "" });

export class Session {
  memory: Memory;

  constructor(
    private readonly name: string,
    private readonly changed: () => void,
  ) {
    this.memory = this.load();
    addEventListener("storage", this.elsewhere);
  }

  stop(): void {
    removeEventListener("storage", this.elsewhere);
  }

  /** Another tab changed the memory: its conversation and outbox are ours too, but not what is being typed there. */
  private elsewhere = (event: StorageEvent): void => {
    if (event.key !== this.name) return;
    const { draft, open } = this.memory;
    this.memory = { ...this.load(), draft, open };
    this.changed();
  };

  private load(): Memory {
    try {
      return { ...empty(), ...(JSON.parse(localStorage.getItem(this.name) ?? "{}") as Partial<Memory>) };
    } catch {
      return empty(); // storage is forbidden here: what is said lives as long as the page
    }
  }

  update(change: Partial<Memory>): void {
    Object.assign(this.memory, change);
    try {
      localStorage.setItem(this.name, JSON.stringify(this.memory));
    } catch {
      // as above
    }
  }

  /** The next person at this computer sees nothing. */
  forget(): void {
    this.memory = empty();
    try {
      localStorage.removeItem(this.name);
    } catch {
      // as above
    }
  }
}
