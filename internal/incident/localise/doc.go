// Package localise answers what a mass failure has in common. It is given leaves, each a combination of attribute values
// with what happened and what was to be expected, and names the few combinations ("model A920 and version 3.2.1") that
// explain the difference best.
//
// The search maximises one figure: the logarithm of how much better the leaves are explained, less the length of the
// explanation (minimum description length, Rissanen 1978). A cause explains all leaves under it with one level, so that they
// must deviate in proportion (the ripple effect, Sun et al. 2018); a leaf under a cause that does not deviate speaks against
// it as much as one that does speaks for it. Causes are taken one by one, the most telling first, and each is weighed again
// once all are known.
//
// Everything is pure and deterministic: the same leaves, in whatever order, give the same causes.
package localise
