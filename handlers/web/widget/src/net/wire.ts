// What goes over the wire, as /openapi.json has it.

export type Box = [number, number, number, number];
export type Owner = "bot" | "waiting" | "human" | "closed";
export type Outcome = "read" | "partly" | "unreadable" | "skipped";

export interface Attachment { id: string; name: string; media_type: string; width: number; height: number; size: number; url?: string }
export interface Entity { kind: string; text: string; box?: Box | null; doubt?: boolean }
export interface Citation { n: number; article: string; title: string; url?: string | null; quote?: string }
export interface Choice { text: string; article?: string | null }
export interface Point { label: string; box: Box; step?: number | null; score?: number }

export interface Events {
  message: { id: string; sender: "customer" | "bot" | "agent"; text: string; attachments: Attachment[]; who?: string | null };
  attached: { attachment: Attachment };
  withdrawn: { attachment_id: string };
  seen: {
    attachment_id: string; outcome: Outcome; reason: string; kind: string; where: string; error: string; entities: Entity[];
    private?: number; private_boxes?: Box[];
  };
  corrected: { attachment_id: string; where?: string | null; error?: string | null };
  planned: { turn: number; to: string[]; plan: string; reason: string };
  step: { turn: number; text: string };
  delta: { turn: number; offset: number; text: string };
  reset: { turn: number; reason: string };
  answered: {
    turn: number; to: string[]; text: string; citations: Citation[]; choices: Choice[]; confidence: number; answered: boolean;
    model: string; handoff?: string | null;
  };
  pointed: { turn: number; attachment_id: string; points: Point[] };
  done: { turn: number };
  stopped: { turn: number; text: string };
  owner: { owner: Owner; reason: string; who?: string | null; mail?: boolean; back_at?: number | null };
  rated: { turn: number; helped: boolean };
  reminded: { text: string; mail?: boolean };
  fresh: Record<string, never>;
}
export type EventName = keyof Events;

export interface Opened { id: string; token: string }
export interface Listed extends Opened { owner: Owner; title: string; opened: number; at: number }
export interface AttachmentTaken { attachment_id: string; url: string }
export interface Passage { number: number; headings: string[]; text: string; warnings: string[]; anchor: string }
export interface Article { article: string; title: string; url: string | null; passages: Passage[] }
export interface Config { notice: string; identity: "optional" | "enforced"; files: number; file_bytes: number; text: number }
