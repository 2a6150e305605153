package bayes

// Collapse turns a belief in which several faults may be present at once into the distribution over one cause that
// planning needs: each cause in proportion to its odds P/(1-P). Were the faults independent and exactly one of them
// present, that is its exact probability: Π of the others' absence, times its own presence, is the odds times what
// all have in common. dst may be the marginals. Certain causes share everything between them. It reports false, and
// leaves nothing but zeros, where no cause is possible.
func Collapse(dst, marginals []float64) bool {
	certain := 0
	for _, p := range marginals {
		if p >= 1 {
			certain++
		}
	}
	total := 0.0
	for f, p := range marginals {
		switch {
		case certain == 0:
			dst[f] = max(p, 0) / (1 - p)
		case p >= 1:
			dst[f] = 1
		default:
			dst[f] = 0
		}
		total += dst[f]
	}
	if total == 0 {
		return false
	}
	for f := range dst {
		dst[f] /= total
	}
	return true
}
