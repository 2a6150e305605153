// Fails when the lock file would not install elsewhere: addresses of one registry in it, or native parts for only some
// of the machines people have.
import { readFileSync } from "node:fs";

const platforms = ["linux-x64-gnu", "linux-arm64-gnu", "linux-x64-musl", "darwin-arm64", "darwin-x64", "win32-x64-msvc"];

/** Says what is wrong with a lock file, one sentence each. */
export function mistakes(lock) {
  const out = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.resolved && !entry.link) out.push(`${path} names an address: ${entry.resolved}`);
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!platforms.some((p) => name.endsWith(p))) continue;
      const nested = `${path}/node_modules/${name}`;
      if (!lock.packages[nested] && !lock.packages[`node_modules/${name}`]) {
        out.push(`${path} needs ${name} ${version}, which the lock file lacks`);
      }
    }
  }
  return out;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const found = mistakes(JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")));
  for (const sentence of found) console.error(sentence);
  if (found.length > 0) process.exit(1);
}
