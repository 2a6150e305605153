// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CaseView, Explanation, ForAgent, ForMerchant, ForTechnician, Named, Reader, User } from "../../../api/types.ts";
import { Problem } from "../../../shared/problem.ts";
import * as api from "../api.ts";
import { LanguageProvider } from "../language.tsx";
import Why from "./why.tsx";

vi.mock("../api.ts", async (original) => ({ ...(await original<typeof api>()), explanation: vi.fn(), session: vi.fn() }));

const text = (en: string) => ({ zh: `${en}（中）`, en });
const at = "2026-11-23T12:00:00Z";
const hung = (p: number): Named => ({ fault: "sw_hang", name: text("app hung"), p, word: p >= 0.8 ? "very_likely" : p >= 0.3 ? "unsure" : "unnamed" });

const merchant: ForMerchant = { sentence: text("Very likely: the app is stuck."), do: text("Nothing for you to do."), yours: false, never: [text("do not restart")] };

function agent(p: number, more: Partial<ForAgent> = {}): ForAgent {
  return {
    leading: hung(p),
    others: [{ fault: "net", name: text("no network"), p: 0.1, word: "unnamed" }],
    for: [{ variable: "screen", state: "frozen", text: text("screen: stuck"), strength: "strong", words: text("speaks strongly for it"), source: "probe", who: text("the system"), at }],
    against: [{ variable: "keys", state: "yes", text: text("keys: work"), strength: "slight", words: text("speaks slightly against it"), source: "merchant", who: text("the shop"), at }],
    turns: [{ variable: "echo", state: "fails", text: text("echo test: fails"), who: text("the system"), chance: 0.1, then: { fault: "net", name: text("no network"), p: 0.7, word: "likely" } }],
    next: { kind: "do", id: "restart", name: text("restart the app"), reason: text("it cures best for its cost"), fixes: 0.75, leads: [{ state: "no", text: text("if it does not help"), chance: 0.25, leading: hung(0.2), next: text("a colleague takes over") }] },
    withheld: [{ step: "reset", name: text("factory reset"), hazard: text("clears the keys"), reason: text("not ruled out: tampered") }],
    ...more,
  };
}

function technician(p: number): ForTechnician {
  return {
    leading: hung(p),
    prior: { p: 0.036, decibans: -14.2 },
    now: { p, decibans: 24.5 },
    weights: [{ variable: "screen", state: "frozen", text: text("screen: stuck"), source: "probe", at, confidence: 0.99, nats: 3.93, decibans: 17.1 }],
    model: { pack: { id: "core", version: "1", hash: "abcdef0123456789" }, engine: 2, faults: 131, act: 0.8, hazard_mass: 0.02 },
    cost: { minutes: 5.25, parts: [{ id: "risk", name: text("chance to make it worse"), amount: 0.02, weight: 240, minutes: 4.8 }, { id: "truck", name: text("truck rolls"), amount: 0, weight: 240, minutes: 0 }] },
    record: { step: "restart", fault: "sw_hang", name: text("restart the app"), tried: 8, helped: 6 },
  };
}

const live: CaseView = {
  id: "c1", terminal: "t1", state: "diagnosing", opened_at: at, opened_by: "silence", reopened: 0, revision: 3, attempts: [], steps: {}, timeline: [], hazards: {},
  words: { echo: { name: text("echo test"), states: {} }, screen: { name: text("screen"), states: { frozen: text("stuck") } } },
  diagnosis: { at, pack: { id: "core", version: "1", hash: "ab" }, verdict: "clear", unlooked: ["echo"], evidence: [{ variable: "screen", state: "frozen", at, source: "probe" }], ranked: [{ fault: "sw_hang", name: text("app hung"), group: "software", who: "remote", p: 0.9, word: "very_likely", for: [{ variable: "screen", state: "frozen", weight: 3, at }] }] },
};

function answer(parts: Partial<Record<Reader, unknown>>) {
  vi.mocked(api.explanation).mockImplementation((_, reader) => Promise.resolve({ case: "c1", seq: 2, at, engine: 2, same: "same", [reader]: parts[reader] } as unknown as Explanation));
}

function show(role: User["role"] = "agent", of = live) {
  vi.mocked(api.session).mockResolvedValue({ setup: false, user: { name: "li.na", role, may: [] } });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(api.keys.session, { setup: false, user: { name: "li.na", role, may: [] } });
  return render(
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <Why of={of} />
      </LanguageProvider>
    </QueryClientProvider>,
  );
}

const choose = (reader: string) => fireEvent.click(screen.getByRole("radio", { name: reader }));

beforeEach(() => localStorage.setItem("posmedic.lang", "en"));
afterEach(() => {
  cleanup();
  localStorage.clear();
});

describe("the three readers", () => {
  beforeEach(() => answer({ merchant, agent: agent(0.9), technician: technician(0.9965) }));

  it("begins with the one that the role works with, and asks for that part only", async () => {
    show("agent");
    expect(await screen.findByText("Speaks for it")).toBeDefined();
    expect(vi.mocked(api.explanation).mock.calls.map((call) => call[1])).toEqual(["agent"]);
  });

  it("keeps what somebody chose", async () => {
    show("agent");
    choose("Shop");
    expect(await screen.findByText("Very likely: the app is stuck.")).toBeDefined();
    cleanup();
    show("admin");
    expect(await screen.findByText("Very likely: the app is stuck.")).toBeDefined();
  });

  it("tells a shop one sentence and one thing, with what must not be done", async () => {
    show("viewer");
    expect(await screen.findByText("Nothing for you to do.")).toBeDefined();
    expect(screen.getByText("What happens now")).toBeDefined();
    expect(screen.getByText("do not restart")).toBeDefined();
  });

  it("gives the help desk strength in words, what would change it, where the step leads, and what is withheld", async () => {
    const { container } = show("agent");
    expect(await screen.findByText("speaks strongly for it")).toBeDefined();
    expect(screen.getByText("speaks slightly against it")).toBeDefined();
    expect(screen.getByText("less likely")).toBeDefined();
    expect(screen.getByText("echo test: fails")).toBeDefined();
    expect(container.textContent).toContain("Because it cures best for its cost.");
    // The fault that a failure would leave in front is too improbable to be named.
    expect(screen.getByText("if it does not help").closest("li")?.textContent).toContain("still too little to name a cause");
    expect(screen.getByText("factory reset").closest("li")?.textContent).toContain("clears the keys (not ruled out: tampered)");
  });

  it("names several faults that are there at once", async () => {
    answer({ agent: agent(0.6, { together: [text("app hung"), text("paper out")] }) });
    show("agent");
    expect((await screen.findByText("Probably more than one fault at once:")).parentElement?.textContent).toContain("app hung, paper out");
  });

  it("gives a technician figures that never claim certainty, as a table too", async () => {
    const { container } = show("admin");
    expect(await screen.findByText("99.7%")).toBeDefined();
    const table = within(container.querySelector(".why-part details table") as HTMLElement);
    expect(table.getByText("+3.93")).toBeDefined();
    expect(table.getByText("+17.1")).toBeDefined();
    expect(screen.queryByText("truck rolls")).toBeNull();
    expect(container.textContent).toContain("Tried in 8 proven cases of this fault; it was what helped in 6. (75%)");
    expect(screen.getByText("the same answer")).toBeDefined();
  });
});

describe("below 30 %", () => {
  it.each(["agent", "admin"] as const)("names no cause to an %s", async (role) => {
    answer({ agent: agent(0.2), technician: technician(0.2) });
    const { container } = show(role);
    expect(await screen.findByText("Not enough is known to name a cause")).toBeDefined();
    expect(container.textContent).not.toContain("app hung");
    expect(screen.queryByText("Speaks for it")).toBeNull();
  });

  it("still lists what is known and what nobody has looked at", async () => {
    answer({ agent: agent(0.2) });
    const { container } = show("agent");
    expect(await screen.findByText("What is known")).toBeDefined();
    expect(screen.getByText("screen: stuck")).toBeDefined();
    expect(container.textContent).toContain("Not looked at yet: echo test");
  });
});

describe("when there is nothing to explain with", () => {
  it("shows what an older program kept, and says why there is no more", async () => {
    vi.mocked(api.explanation).mockRejectedValue(new Problem(404, { code: "casefile.no_grounds" }));
    const { container } = show("agent");
    expect(await screen.findByText(/made by an older version/)).toBeDefined();
    expect(container.textContent).toContain("screen: stuck");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says what failed and offers to try again", async () => {
    answer({ agent: agent(0.9) });
    vi.mocked(api.explanation).mockRejectedValueOnce(new Problem(500, { code: "internal", title: text("something broke") }));
    show("agent");
    expect((await screen.findByRole("alert")).textContent).toContain("something broke");
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Speaks for it")).toBeDefined();
  });

  it("waits for the first diagnosis without asking for anything", () => {
    vi.mocked(api.explanation).mockClear();
    show("agent", { ...live, diagnosis: undefined });
    expect(screen.getByText("The first diagnosis is being made.")).toBeDefined();
    expect(api.explanation).not.toHaveBeenCalled();
  });

  it("speaks of no fault where none is left", async () => {
    answer({ agent: { for: [], against: [], turns: [], withheld: [] } });
    show("agent");
    expect(await screen.findByText("no fault is left")).toBeDefined();
  });
});
