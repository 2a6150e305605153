import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { FleetPage } from "./fleet/fleet-page.tsx";
import { type FleetSearch, fleetSearch } from "./fleet/search.ts";
import { IncidentsPage } from "./incidents/incidents-page.tsx";
import { MissingPage } from "./missing-page.tsx";
import { LoginPage } from "./people/login-page.tsx";
import { SetupPage } from "./people/setup-page.tsx";
import { Gate } from "./people/gate.tsx";
import { TerminalPage } from "./terminal/terminal-page.tsx";

const root = createRootRoute({ component: Outlet, notFoundComponent: MissingPage });

const login = createRoute({ getParentRoute: () => root, path: "/login", component: LoginPage });
const setup = createRoute({ getParentRoute: () => root, path: "/setup", component: SetupPage });
const inside = createRoute({ getParentRoute: () => root, id: "inside", component: Gate });
const fleet = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: FleetPage,
  validateSearch: (search: Record<string, unknown>): FleetSearch => fleetSearch(search),
});
const terminal = createRoute({ getParentRoute: () => inside, path: "/terminals/$id", component: TerminalPage });
const incidents = createRoute({ getParentRoute: () => inside, path: "/incidents", component: IncidentsPage });
const knowledge = createRoute({
  getParentRoute: () => inside,
  path: "/knowledge",
  component: lazyRouteComponent(() => import("./knowledge/knowledge-page.tsx")),
});

const tree = root.addChildren([login, setup, inside.addChildren([fleet, terminal, incidents, knowledge])]);

export function makeRouter() {
  return createRouter({ routeTree: tree, scrollRestoration: true });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
