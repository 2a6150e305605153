import { useSyncExternalStore } from "react";
import { serverNow } from "../../../shared/http.ts";

/** Ages are written anew this often (milliseconds); one timer serves the whole page. */
const beat = 1000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = serverNow();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = serverNow();
    for (const each of listeners) each();
  }, beat);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The server's time, moving on by itself. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
