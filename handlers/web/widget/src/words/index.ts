// What the widget says, in one file per language. English is built in; the others are loaded when asked for.

import { later } from "../later";
import en from "./en";

export type Words = Record<keyof typeof en, string>;
export type Say = (key: keyof typeof en, values?: Record<string, string | number>) => string;

export const LANGUAGES = ["en", "de", "es", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The first language that we have, of those given ("de-AT" is "de"). */
export function pick(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => language === tag.toLowerCase().split("-")[0]);
    if (found) return found;
  }
  return "en";
}

/** The words of `language`; English when they cannot be fetched. */
export async function load(base: string, language: Language): Promise<Words> {
  if (language === "en") return en;
  try {
    return (await later(base, language)).default;
  } catch {
    return en;
  }
}

export const english: Words = en;

export function sayer(words: Words): Say {
  return (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Whether these words sound as if something on the page is wrong. The list of each language is in its file. */
export const soundsLikeTrouble = (words: Words, text: string): boolean => new RegExp(words.trouble, "iu").test(text);
