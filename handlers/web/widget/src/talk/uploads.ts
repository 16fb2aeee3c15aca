// Pictures that are being prepared and sent while the customer still writes.

import { type Api, Refusal } from "../net/api";
import type { Opened } from "../net/wire";
import { shrink } from "../picture/shrink";

export interface Upload {
  local: string;
  name: string;
  picture: Blob;
  preview: string;
  share: number;
  /** `failed` may go better another time, `refused` never will. */
  state: "sending" | "there" | "failed" | "refused";
  detail: string;
  id: string;
  url: string;
  abort: AbortController;
}

export class Uploads {
  list: Upload[] = [];

  constructor(
    private readonly api: () => Api,
    private readonly conversation: () => Promise<Opened>,
    private readonly changed: () => void,
    private readonly arrived: (upload: Upload) => void,
  ) {}

  add(picture: Blob, name: string): void {
    const upload: Upload = {
      local: crypto.randomUUID(), name, picture, preview: URL.createObjectURL(picture), share: 0, state: "sending", detail: "", id: "", url: "",
      abort: new AbortController(),
    };
    this.list.push(upload);
    void this.send(upload);
  }

  /** A picture that the server has already: the draft of an earlier visit. */
  restore(id: string, url: string, name: string): void {
    this.list.push({
      local: id, name, picture: new Blob(), preview: url, share: 1, state: "there", detail: "", id, url, abort: new AbortController(),
    });
  }

  retry(upload: Upload): void {
    Object.assign(upload, { state: "sending", share: 0, abort: new AbortController() });
    void this.send(upload);
  }

  /** Also takes back what the server has of it: a picture that is not sent must not stay there. */
  remove(upload: Upload): void {
    upload.abort.abort();
    this.list = this.list.filter((other) => other !== upload);
    this.changed();
    if (upload.state === "there" && !this.list.some((other) => other.id === upload.id)) void this.withdraw(upload.id);
  }

  private async withdraw(id: string): Promise<void> {
    try {
      await this.api().withdraw(await this.conversation(), id);
    } catch {
      // it expires with the conversation, as every picture does
    }
  }

  clear(): void {
    this.list = [];
  }

  get sending(): boolean {
    return this.list.some((upload) => upload.state === "sending");
  }

  private async send(upload: Upload): Promise<void> {
    this.changed();
    try {
      const picture = await shrink(upload.picture);
      const taken = await this.api().upload(
        await this.conversation(), picture, upload.name,
        (share) => {
          upload.share = share;
          this.changed();
        },
        upload.abort.signal,
      );
      Object.assign(upload, { state: "there", share: 1, id: taken.attachment_id, url: this.api().link(taken.url) });
      this.arrived(upload);
    } catch (error) {
      if (upload.abort.signal.aborted) return;
      const refusal = error instanceof Refusal ? error : undefined;
      Object.assign(upload, { state: refusal && !refusal.passing ? "refused" : "failed", detail: refusal?.detail ?? "" });
    }
    this.changed();
  }
}
