// Package observe is the first stage of the loop: reports of agents, what the acquirer's host saw, notices of others
// and what people say become findings, and a terminal that stopped taking money is noticed.
//
// Intake stores before it acknowledges: Submit returns only after the batch is committed, and many batches share one
// commit. What was stored twice is counted and kept once.
//
// Noticing is debounced and has four roads: silence of a terminal that should speak, findings that stay, answers of the
// host that keep failing, and sales that ought to come and do not (NoSales, also for terminals without an agent). The rules are pure functions over State (rules.go); a terminal is "stopped" from the
// moment they all hold, and the event observe.stopped leaves once.
//
// Events that leave: observe.changed (evidence of a terminal changed), observe.stopped, observe.proof (the host
// accepted a sign-in or approved a sale).
package observe
