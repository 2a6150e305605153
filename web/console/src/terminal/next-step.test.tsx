// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Attempt, CaseView, Next } from "../../../api/types.ts";
import { Problem } from "../../../shared/problem.ts";
import * as api from "../api.ts";
import { LanguageProvider } from "../language.tsx";
import { NextStep } from "./next-step.tsx";

vi.mock("../api.ts", async (original) => ({
  ...(await original<typeof api>()),
  answer: vi.fn(() => Promise.resolve()),
  startStep: vi.fn(() => Promise.resolve({ id: "started" })),
  finish: vi.fn(() => Promise.resolve()),
}));

const text = (en: string) => ({ zh: `${en}（中）`, en });
const cost = { merchant_min: 2, desk_min: 0, downtime_min: 0, truck: 0, money: 0, risk: 0, insult: 0 };
const at = "2026-11-23T12:00:00Z";

function caseWith(next: Next | undefined, attempts: Attempt[] = [], more: Partial<CaseView> = {}): CaseView {
  return {
    id: "c1",
    terminal: "t1",
    state: "diagnosing",
    opened_at: at,
    opened_by: "silence",
    reopened: 0,
    revision: 1,
    words: {},
    attempts,
    steps: { load_paper: { name: text("put in paper"), by: "merchant", do: [text("open the cover"), text("put in a roll")], side_effects: text(""), remote: false } },
    timeline: [],
    hazards: { do_not_restart: text("do not restart"), keep_unsent_sales: text("secure the sales") },
    diagnosis: { at, pack: { id: "core", version: "1", hash: "ab" }, verdict: "clear", ranked: [], evidence: [], next },
    ...more,
  };
}

const question: Next = {
  kind: "ask",
  id: "paper_seen",
  by: "merchant",
  text: text("Is there paper?"),
  choices: [{ state: "yes", text: text("yes") }],
  cost,
  minutes: 0.2,
};
const paper: Next = { kind: "do", id: "load_paper", by: "merchant", text: text("put in paper"), cost, minutes: 2 };
const restart: Next = { kind: "do", id: "restart_app", by: "remote", text: text("restart the app"), cost, minutes: 1, first: ["keep_unsent_sales"], hazards: ["keep_unsent_sales", "do_not_restart"] };

function attempt(more: Partial<Attempt>): Attempt {
  return { id: "a1", case: "c1", terminal: "t1", step: "load_paper", kind: "do", by: "merchant", state: "planned", created_at: at, expires: at, ...more };
}

function show(live: CaseView, shared = false) {
  localStorage.setItem("posmedic.lang", "en");
  render(
    <QueryClientProvider client={new QueryClient()}>
      <LanguageProvider>
        <NextStep live={live} shared={shared} />
      </LanguageProvider>
    </QueryClientProvider>,
  );
  return screen.getByRole("region", { name: "Next step" });
}

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

afterEach(() => {
  cleanup();
  vi.clearAllMocks();
});

describe("a question", () => {
  it("sends the answer that was chosen", async () => {
    show(caseWith(question));
    press("yes");
    await vi.waitFor(() => expect(api.answer).toHaveBeenCalledWith("c1", "paper_seen", "yes"));
  });

  it("takes not knowing for an answer", async () => {
    show(caseWith(question));
    press("Don't know");
    await vi.waitFor(() => expect(api.answer).toHaveBeenCalledWith("c1", "paper_seen", ""));
  });
});

describe("a step for a person", () => {
  it("gives the instructions in order and finishes the attempt that stands for it", async () => {
    const region = show(caseWith(paper, [attempt({})]));
    expect(within(region).getAllByRole("listitem").map((li) => li.textContent)).toEqual(["open the cover", "put in a roll"]);
    fireEvent.change(screen.getByRole("textbox"), { target: { value: " no paper in the shop " } });
    press("Did not work out");
    await vi.waitFor(() => expect(api.finish).toHaveBeenCalledWith("a1", false, "no paper in the shop"));
    expect(api.startStep).not.toHaveBeenCalled();
  });

  it("begins the step first when nobody has planned it", async () => {
    show(caseWith(paper));
    press("Done");
    await vi.waitFor(() => expect(api.finish).toHaveBeenCalledWith("started", true, ""));
    expect(api.startStep).toHaveBeenCalledWith("c1", "load_paper");
  });

  it("can be reported while it is under way", async () => {
    show(caseWith(paper, [attempt({ state: "running", started_at: at, who: "li.na" })], { state: "repairing" }));
    expect(screen.getByText("running").closest("li")?.getAttribute("aria-current")).toBe("step");
    press("Done");
    await vi.waitFor(() => expect(api.finish).toHaveBeenCalledWith("a1", true, ""));
  });
});

describe("a remote step", () => {
  it("has one button, and each hazard once", () => {
    const region = show(caseWith(restart));
    expect(within(region).getAllByRole("button").map((b) => b.textContent)).toEqual(["Run it"]);
    expect(within(region).getAllByRole("listitem").map((li) => li.textContent)).toEqual(["First: secure the sales", "Mind: do not restart"]);
  });

  it("says why it was refused", async () => {
    vi.mocked(api.startStep).mockRejectedValueOnce(
      new Problem(403, { code: "repair.forbidden", title: text("this step is not allowed now"), hint: text("do not restart the terminal") }),
    );
    show(caseWith(restart));
    press("Run it");
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("this step is not allowed now");
    expect(alert.textContent).toContain("do not restart the terminal");
  });

  it("cannot be clicked again while it is under way", () => {
    const region = show(caseWith(restart, [attempt({ step: "restart_app", by: "remote", command: "restart_app", state: "queued" })]));
    expect(within(region).queryByRole("button")).toBeNull();
    expect(region.textContent).toContain("The terminal takes it up when it next reports.");
  });
});

describe("nothing to do", () => {
  it("offers no button while a proof is awaited", () => {
    const region = show(caseWith(restart, [], { state: "verifying" }));
    expect(within(region).queryByRole("button")).toBeNull();
    expect(region.textContent).toContain("Waiting for proof");
  });

  it("says that a shared cause lies elsewhere", () => {
    expect(show(caseWith(undefined), true).textContent).toContain("Nothing is to be done on this terminal.");
  });

  it("says what a probe is finding out", () => {
    const region = show(caseWith({ ...question, kind: "probe", text: text("paper sensor") }));
    expect(region.textContent).toContain("Finding out: paper sensor");
    expect(within(region).queryByRole("button")).toBeNull();
  });
});
