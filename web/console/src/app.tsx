import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { problemOf } from "../../shared/problem.ts";
import { Antd } from "./antd.tsx";
import { keys } from "./api.ts";
import { LanguageProvider } from "./language.tsx";
import { makeRouter } from "./router.tsx";
import { ThemeProvider } from "./theme-provider.tsx";

/** Asking again helps only where the server was not reached or was busy. */
function worthRetrying(failures: number, thrown: unknown): boolean {
  const { status } = problemOf(thrown);
  return failures < 2 && (status === 0 || status === 429 || status >= 502);
}

/** A session that has ended shows at the next question; asking who is signed in then leads to the sign-in page. */
function makeClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: worthRetrying, staleTime: 1000 } },
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (problemOf(error).status === 401 && query.queryKey[0] !== keys.session[0]) {
          void client.invalidateQueries({ queryKey: keys.session });
        }
      },
    }),
  });
  return client;
}

export function App() {
  const [router] = useState(makeRouter);
  const [client] = useState(makeClient);
  return (
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <ThemeProvider>
          <Antd>
            <RouterProvider router={router} />
          </Antd>
        </ThemeProvider>
      </LanguageProvider>
    </QueryClientProvider>
  );
}
