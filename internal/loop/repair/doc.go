// Package repair is the third stage of the loop: the diagnosis' next step, checked against policy and hazards once
// more, becomes an attempt: a remote command to the agent, a guided step for a person, or a hand-over to the party that
// can cure it.
//
// Nothing here decides what would help; that is the diagnosis' work. What is decided here is what is allowed: which
// commands run without asking, that nothing is restarted while a shared cause is suspected, that stored sales are kept
// before anything that could lose them, and that a tampered terminal gets nothing but a replacement.
//
// An attempt is a typed state with one table of moves. Commands leave at least once; an agent carries each out once.
//
// Events that leave: repair.done, repair.failed.
package repair
