// Package learning is the mathematics of learning from closed cases. Like bayes it knows causes, variables and actions
// by index only, and does no I/O.
//
//   - Counts are Dirichlet counts with experience and fading (Spiegelhalter and Lauritzen 1990).
//   - Model holds such counts for the single-cause model with links and leaks; Fit is maximum a posteriori EM over cases
//     of which only a part is known, Absorb is its online form.
//   - Shrink draws rates of strata to what is expected of them, as far as the strata themselves say that they differ.
//   - Readings measure how well probabilities do: Brier, log loss, calibration error with an interval and with the floor
//     that chance alone would show; Temperature mends over-confidence of the final distribution.
//
// Unknown is not counted as absent anywhere: a variable that nobody looked at has no term in a case's likelihood, which
// is right as long as what was looked at was decided on what had been recorded before (missing at random).
package learning
