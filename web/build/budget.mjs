// Fails the build when the first page of the console becomes heavier than its budget (gzip, kilobytes).
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const budget = { js: 250, css: 110, lazy: 200 };
const dist = new URL("../dist/console", import.meta.url).pathname;

const page = readFileSync(join(dist, "index.html"), "utf8");
const first = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((m) => m[1]);
const all = readdirSync(join(dist, "assets")).map((name) => `assets/${name}`);

const weight = (name) => statSync(join(dist, `${name}.gz`)).size / 1024;
const sum = (names) => names.reduce((total, name) => total + weight(name), 0);
const code = (names, end) => names.filter((name) => name.endsWith(end));

const figures = [
  ["first page, JS", sum(code(first, ".js")), budget.js],
  ["first page, CSS", sum(code(first, ".css")), budget.css],
  ...code(all, ".js")
    .filter((name) => !first.includes(name))
    .map((name) => [`later, ${name}`, weight(name), budget.lazy]),
];

let over = false;
for (const [what, is, may] of figures) {
  over ||= is > may;
  console.log(`${is > may ? "TOO HEAVY" : "ok"}  ${what}: ${is.toFixed(1)} KB gz of ${may}`);
}
if (over) process.exit(1);
