// Starts the real program with a simulated fleet, and ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const binary = process.env.POSMEDIC_BIN ?? fileURLToPath(new URL("../../bin/posmedic", import.meta.url));

export type Program = { url: string; setup: string; log: () => string; stop: () => Promise<void> };

/**
 * Starts `posmedic demo` with a story whose remote steps wait for a click. A small fleet lives fast; a shared cause
 * takes a larger one to be told from chance.
 */
export async function demo(story: string, terminals = 8, speed = 90): Promise<Program> {
  const fleet = ["--terminals", String(terminals), "--speed", String(speed)];
  const args = ["demo", "--story", story, "--listen", "127.0.0.1:0", "--manual", "--json", ...fleet];
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${binary} ended with ${code}: ${said}`))),
  ]);
  const { url, setup } = JSON.parse(line as string) as { url: string; setup: string };
  return { url, setup, log: () => said, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGINT");
  await gone;
}
