// Writes a gzip sibling for every built file that gets smaller by it; the server hands it to those who accept gzip.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/console", import.meta.url).pathname;

for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|html|svg|json)$/.test(name)) continue;
  const plain = readFileSync(join(dist, name));
  const packed = gzipSync(plain, { level: 9 });
  if (packed.length < plain.length) writeFileSync(join(dist, `${name}.gz`), packed);
}
