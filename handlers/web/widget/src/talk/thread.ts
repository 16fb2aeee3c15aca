// A conversation folded from its events, as the panel shows it. Pure: no network, no clock, no page.

import type { Attachment, Choice, Citation, EventName, Events, Owner, Point } from "../net/wire";

export type Seen = Events["seen"];
export interface Picture extends Attachment { seen?: Seen }

export interface Said {
  kind: "message"; id: string; at: number; sender: "customer" | "bot" | "agent"; who: string; text: string; pictures: string[];
}
export interface Answer {
  kind: "answer"; turn: number; at: number; to: string[]; text: string; running: boolean; step: string; restarted: string; stopped: boolean;
  citations: Citation[]; choices: Choice[]; pointed: { picture: string; points: Point[] }[]; answered: boolean; handoff: boolean;
  rated?: boolean; settled: boolean;
}
export interface Notice { kind: "notice"; at: number; owner: Owner; who: string; text: string; mail?: boolean; back?: number }
export type Item = Said | Answer | Notice;

export class Thread {
  items: Item[] = [];
  pictures = new Map<string, Picture>();
  owner: Owner = "bot";
  who = "";
  last = 0;
  private lengths = new Map<number, number>();

  /** One more event. Returns false when it does not fit what was read before: then everything must be read again. */
  apply<K extends EventName>(id: number, name: K, data: Events[K]): boolean {
    if (name === "fresh") {
      Object.assign(this, new Thread());
      return true;
    }
    if (id && id <= this.last) return true;
    const fold = FOLDS[name] as ((thread: Thread, data: Events[K], at: number) => boolean | void) | undefined;
    const fits = fold?.(this, data, id) !== false;
    if (fits && id) this.last = id;
    return fits;
  }

  answer(turn: number, at: number): Answer {
    let found = this.items.find((item): item is Answer => item.kind === "answer" && item.turn === turn);
    if (!found) {
      found = {
        kind: "answer", turn, at, to: [], text: "", running: true, step: "", restarted: "", stopped: false, citations: [], choices: [],
        pointed: [], answered: false, handoff: false, settled: false,
      };
      this.items.push(found);
    }
    return found;
  }

  /** Offsets count Unicode code points; a piece that was read before is cut off, a gap does not fit. */
  append({ turn, offset, text }: Events["delta"], at: number): boolean {
    const answer = this.answer(turn, at);
    if (answer.settled) return true;
    const have = this.lengths.get(turn) ?? 0;
    if (offset > have) return false;
    const points = [...text];
    const fresh = points.slice(have - offset);
    answer.text += fresh.join("");
    answer.running = true;
    this.lengths.set(turn, have + fresh.length);
    return true;
  }

  restart(turn: number): void {
    this.lengths.set(turn, 0);
  }

  get running(): Answer | undefined {
    return this.items.findLast((item): item is Answer => item.kind === "answer" && item.running);
  }
}

type Folds = { [K in EventName]?: (thread: Thread, data: Events[K], at: number) => boolean | void };

const FOLDS: Folds = {
  message(thread, { id, sender, text, attachments, who }, at) {
    for (const attachment of attachments) keep(thread, attachment);
    thread.items.push({ kind: "message", id, at, sender, who: who ?? "", text, pictures: attachments.map((a) => a.id) });
  },
  attached: (thread, { attachment }) => keep(thread, attachment),
  withdrawn: (thread, { attachment_id }) => void thread.pictures.delete(attachment_id),
  seen(thread, seen) {
    const picture = thread.pictures.get(seen.attachment_id);
    if (picture) picture.seen = seen;
    else thread.pictures.set(seen.attachment_id, { id: seen.attachment_id, name: "", media_type: "", width: 0, height: 0, size: 0, seen });
  },
  corrected(thread, { attachment_id, where, error }) {
    const picture = thread.pictures.get(attachment_id);
    if (picture?.seen) picture.seen = { ...picture.seen, where: where ?? picture.seen.where, error: error ?? picture.seen.error };
  },
  planned(thread, { turn, to }, at) {
    Object.assign(thread.answer(turn, at), { to, running: true });
  },
  step(thread, { turn, text }, at) {
    thread.answer(turn, at).step = text;
  },
  delta: (thread, data, at) => thread.append(data, at),
  reset(thread, { turn, reason }, at) {
    Object.assign(thread.answer(turn, at), { text: "", restarted: reason, running: true, step: "" });
    thread.restart(turn);
  },
  answered(thread, { turn, to, text, citations, choices, answered, handoff }, at) {
    Object.assign(thread.answer(turn, at), {
      to, text, citations, choices, answered, handoff: Boolean(handoff), settled: true, restarted: "", step: "", pointed: [],
    });
  },
  pointed(thread, { turn, attachment_id, points }, at) {
    if (points.length) thread.answer(turn, at).pointed.push({ picture: attachment_id, points });
  },
  // an answer is news when it has ended: who closed the panel in the middle of it has not read it
  done(thread, { turn }, at) {
    Object.assign(thread.answer(turn, at), { at, running: false });
  },
  stopped(thread, { turn, text }, at) {
    Object.assign(thread.answer(turn, at), { at, text, stopped: true, running: false, settled: true });
  },
  owner(thread, { owner, who, reason, mail, back_at }, at) {
    thread.owner = owner;
    thread.who = who ?? "";
    thread.items.push({ kind: "notice", at, owner, who: who ?? "", text: reason, mail, back: back_at ?? undefined });
  },
  reminded(thread, { text, mail }, at) {
    if (text) thread.items.push({ kind: "notice", at, owner: thread.owner, who: "", text, mail });
  },
  rated(thread, { turn, helped }, at) {
    thread.answer(turn, at).rated = helped;
  },
};

function keep(thread: Thread, attachment: Attachment): void {
  thread.pictures.set(attachment.id, { ...thread.pictures.get(attachment.id), ...attachment });
}
