import { useQuery } from "@tanstack/react-query";
import type { User } from "../../../api/types.ts";
import { keys, session } from "../api.ts";

/** How long an answer about who is signed in is believed (milliseconds). */
const believed = 30_000;

/** Who is signed in and what the server lets him do. */
export function useMe(): User | null | undefined {
  return useQuery({ queryKey: keys.session, queryFn: session, staleTime: believed }).data?.user;
}
