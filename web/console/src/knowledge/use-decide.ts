import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../api.ts";

/** Decides something about the knowledge and then reads anew all that it changes. */
export function useDecide(decide: () => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: decide,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.knowledge }),
        client.invalidateQueries({ queryKey: keys.about }),
      ]),
  });
}
