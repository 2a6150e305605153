import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "../api.ts";

/** Does something to a case and then reads its terminal anew, whatever came of it. */
export function useAct<In>(act: (input: In) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.terminal("").slice(0, 1) }),
        client.invalidateQueries({ queryKey: keys.fleet }),
      ]),
  });
}
