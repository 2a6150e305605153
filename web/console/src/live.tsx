import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import type { Change } from "../../api/types.ts";
import { keys } from "./api.ts";

/** How often the page asks by itself while the live line is down. */
export const pollSeconds = 5;

/** How often it asks while the line is up: the line tells of changes, not of every report that found nothing new. */
const freshenSeconds = 15;

/** Changes that come closer together than this are fetched as one (milliseconds). */
const gather = 400;

/** A line that the server has closed for good is tried again after this (milliseconds). */
const reopen = 5000;

const Context = createContext(false);

/** Whether changes arrive by themselves. */
export function useLive(): boolean {
  return useContext(Context);
}

/** What a query sets to stay fresh. */
export function usePolling(): { refetchInterval: number } {
  return { refetchInterval: (useLive() ? freshenSeconds : pollSeconds) * 1000 };
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [up, setUp] = useState(false);
  useEffect(() => listen(client, setUp), [client]);
  return <Context value={up}>{children}</Context>;
}

/** Follows the server's event stream until the returned function is called. */
function listen(client: QueryClient, setUp: (up: boolean) => void): () => void {
  const changed = collector(client);
  let retry: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource;
  const open = () => {
    source = new EventSource("/api/v1/live");
    source.addEventListener("open", () => {
      setUp(true);
      // What happened while the line was down was not told.
      void client.invalidateQueries();
    });
    source.addEventListener("error", () => {
      setUp(false);
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, reopen);
    });
    source.addEventListener("changed", (event) => changed.add(JSON.parse(event.data) as Change));
  };
  open();
  return () => {
    clearTimeout(retry);
    changed.stop();
    source.close();
  };
}

function collector(client: QueryClient) {
  let terminals = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const id of terminals) void client.invalidateQueries({ queryKey: keys.terminal(id) });
    terminals = new Set();
    void client.invalidateQueries({ queryKey: keys.fleet });
    void client.invalidateQueries({ queryKey: keys.incidents });
  };
  return {
    add(change: Change) {
      if (change.terminal) terminals.add(change.terminal);
      timer ??= setTimeout(flush, gather);
    },
    stop: () => clearTimeout(timer),
  };
}
