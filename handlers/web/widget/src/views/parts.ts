// What the views need of the widget. The element implements it, so that no view knows the element.

import type { Citation, Point } from "../net/wire";
import type { Client } from "../talk/client";
import type { Answer, Picture, Thread } from "../talk/thread";
import type { Upload } from "../talk/uploads";
import type { Say } from "../words";

export interface Parts {
  readonly say: Say;
  readonly locale: string;
  readonly client: Client;
  readonly thread: Thread;
  readonly correcting: string;
  readonly offer: boolean;
  readonly line: string;
  openArticle(citation: Citation): void;
  enlarge(picture: Picture, points: readonly Point[]): void;
  choose(text: string): void;
  rate(answer: Answer, helped: boolean): void;
  person(): void;
  capture(): void;
  captureAgain(): void;
  addFiles(files: Iterable<File>): void;
  pickFile(): void;
  send(): void;
  typed(text: string): void;
  editUpload(upload: Upload): void;
  correct(picture: string): void;
  saveCorrection(picture: string, form: HTMLFormElement): void;
  relink(): void;
  reach(form: HTMLFormElement): void;
  dismissOffer(): void;
  editUnsent(key: string): void;
}
