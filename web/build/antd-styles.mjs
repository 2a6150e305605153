// Serves the module "antd-styles.css": from the complete style sheet of antd only the rules of the components that the
// console uses. The complete one weighs 107 KB gzipped and would be most of what the first page loads.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The components that are used (their folder in antd/es) and the class families their rules belong to. */
export const families = {
  "config-provider": [],
  locale: [],
  theme: [],
  button: ["btn", "wave"],
  input: ["input"],
  skeleton: ["skeleton"],
  segmented: ["segmented"],
};

const shared = ["motion", "css"];

/** Splits a style sheet into its top-level rules; a rule in a block (media, keyframes) stays with its block. */
export function rules(css) {
  const out = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < css.length; i++) {
    if (css[i] === "{") depth++;
    if (css[i] === "}" && --depth === 0) {
      out.push(css.slice(start, i + 1));
      start = i + 1;
    }
  }
  return out;
}

/** The class families that a text of selectors names, e.g. "btn" for ".ant-btn-primary". */
export function named(selectors) {
  return new Set([...selectors.matchAll(/\.ant-([a-z0-9]+)/g)].map((m) => m[1]));
}

/** Keeps the rules that concern only the wanted families, and the keyframes that those rules play. */
export function keep(css, wanted) {
  const known = new Set([...wanted, ...shared]);
  const all = rules(css);
  const own = all.filter((rule) => !rule.startsWith("@keyframes") && concerns(rule, known));
  const text = own.join("\n");
  const played = all.filter((rule) => {
    const name = /^@keyframes ([\w-]+)/.exec(rule)?.[1];
    return name !== undefined && new RegExp(`[:\\s,]${name}[\\s;,}]`).test(text);
  });
  return `${text}\n${played.join("\n")}`;
}

function concerns(rule, known) {
  const head = rule.startsWith("@") ? rule : rule.slice(0, rule.indexOf("{"));
  const names = named(head);
  // Rules without a family are for bare links and for an example page's variables; only those of icons are needed.
  return names.size === 0 ? head.startsWith(".anticon") : [...names].every((name) => known.has(name));
}

/** The Vite plugin. */
export function antdStyles() {
  const id = "\0antd-styles.css";
  return {
    name: "antd-styles",
    resolveId: (source) => (source === "antd-styles.css" ? id : null),
    load: (wanted) =>
      wanted === id
        ? keep(readFileSync(require.resolve("antd/dist/antd.css"), "utf8"), Object.values(families).flat())
        : null,
  };
}
