import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet } from "@tanstack/react-router";
import { keys, session } from "../api.ts";
import { LiveProvider } from "../live.tsx";
import { Failure } from "../parts/failure.tsx";
import { Loading } from "../parts/loading.tsx";
import { Shell } from "../shell/shell.tsx";

/** Lets in whoever is signed in, and shows everybody else where to go first. */
export function Gate() {
  const query = useQuery({ queryKey: keys.session, queryFn: session, staleTime: 30_000 });
  if (query.isPending) return <main className="alone"><Loading rows={4} /></main>;
  if (query.isError) return <main className="alone"><Failure error={query.error} retry={() => void query.refetch()} /></main>;
  if (query.data.setup) return <Navigate to="/setup" />;
  if (!query.data.user) return <Navigate to="/login" />;
  return (
    <LiveProvider>
      <Shell user={query.data.user}>
        <Outlet />
      </Shell>
    </LiveProvider>
  );
}
