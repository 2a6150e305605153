// Package learn is the fifth stage of the loop: what closed cases prove moves the numbers of the knowledge, through a
// gate and never past it.
//
// Only a confirmed outcome teaches. The fault stays latent: that a step was followed by a sale does not name the cause
// (a restart is not a fault), so every case credits the faults by their posterior given the evidence and the steps
// that failed and the one that worked. Step success rates are Beta counts, base rates Dirichlet counts, both starting
// from the pack's own mean and experience (Spiegelhalter and Lauritzen 1990, sequential fractional updating).
//
// The gate back-tests a candidate on the pack's coded cases and on closed cases held out from learning: it must not
// rank or calibrate worse, and must not advise a harmful step anywhere. Passing makes it a candidate to promote; one
// command promotes it and one rolls it back.
package learn
