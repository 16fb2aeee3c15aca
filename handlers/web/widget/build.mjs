// Builds the widget: first the parts that are loaded when needed, then the one file to embed, which knows their names.
//
//   static/widget.js               the file to embed, for <script src=".../widget.js" async data-helplens>
//   static/helplens-widget.mjs     the same for bundlers, as a module (types/index.d.ts)
//   static/NAME-HASH.js            the picture editor, page capture, words of other languages

import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
const LATER = {
  editor: "src/picture/editor.ts", capture: "src/picture/capture.ts",
  de: "src/words/de.ts", es: "src/words/es.ts", fr: "src/words/fr.ts",
};

async function bundle(entry, format, define = {}) {
  const result = await build({
    configFile: false, root: here, logLevel: "warn", define,
    build: {
      write: false, target: "es2022", minify: true, reportCompressedSize: false,
      lib: { entry: join(here, entry), formats: [format], name: "HelpLensBundle", fileName: "bundle" },
    },
  });
  return result.flatMap((r) => r.output).find((file) => file.type === "chunk").code;
}

const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 10);

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const names = {};
for (const [name, entry] of Object.entries(LATER)) {
  const code = await bundle(entry, "es");
  names[name] = `${name}-${hash(code)}.js`;
  writeFileSync(join(out, names[name]), code);
}
const define = { __LATER__: JSON.stringify(names), "process.env.NODE_ENV": '"production"' };
writeFileSync(join(out, "widget.js"), await bundle("src/main.ts", "iife", define));
writeFileSync(join(out, "helplens-widget.mjs"), await bundle("src/index.ts", "es", define));
