package jointree

import "math"

// The loops below are all the arithmetic of a query. They take what they need as slices of flat memory. Every product
// and every sum is taken in the order of the cells, so that the same numbers give the same bits.

// factorIn is a message to be multiplied into the cells of a node.
type factorIn struct {
	values []float64
	index  []uint32
}

// absorb0 sums the runs of src.
func absorb0(src []float64, runs []uint32, out []float64) {
	k := 0
	for s := range out {
		sum := 0.0
		for end := int(runs[s+1]); k < end; k++ {
			sum += src[k]
		}
		out[s] = sum
	}
}

// absorb1 multiplies src by a message, keeps the product in dst, which may be src, and sums its runs.
func absorb1(dst, src []float64, a factorIn, runs []uint32, out []float64) {
	src, index := src[:len(dst)], a.index[:len(dst)]
	k := 0
	for s := range out {
		sum := 0.0
		for end := int(runs[s+1]); k < end; k++ {
			p := src[k] * a.values[index[k]]
			dst[k] = p
			sum += p
		}
		out[s] = sum
	}
}

// absorb2 does the same with two messages.
func absorb2(dst, src []float64, a, b factorIn, runs []uint32, out []float64) {
	src, first, second := src[:len(dst)], a.index[:len(dst)], b.index[:len(dst)]
	k := 0
	for s := range out {
		sum := 0.0
		for end := int(runs[s+1]); k < end; k++ {
			p := src[k] * a.values[first[k]] * b.values[second[k]]
			dst[k] = p
			sum += p
		}
		out[s] = sum
	}
}

// multiply2 multiplies src by two messages into dst.
func multiply2(dst, src []float64, a, b factorIn) {
	src, first, second := src[:len(dst)], a.index[:len(dst)], b.index[:len(dst)]
	for k := range dst {
		dst[k] = src[k] * a.values[first[k]] * b.values[second[k]]
	}
}

// scatter1 multiplies the runs of p by the message from above and adds the cells up into a table.
func scatter1(p, down []float64, runs []uint32, a factorIn) {
	clear(a.values)
	index := a.index[:len(p)]
	for s, d := range down {
		if d == 0 {
			continue
		}
		for k := int(runs[s]); k < int(runs[s+1]); k++ {
			a.values[index[k]] += p[k] * d
		}
	}
}

// scatter2 does the same for two tables.
func scatter2(p, down []float64, runs []uint32, a, b factorIn) {
	clear(a.values)
	clear(b.values)
	first, second := a.index[:len(p)], b.index[:len(p)]
	for s, d := range down {
		if d == 0 {
			continue
		}
		for k := int(runs[s]); k < int(runs[s+1]); k++ {
			x := p[k] * d
			a.values[first[k]] += x
			b.values[second[k]] += x
		}
	}
}

// The range in which messages are kept, relative to their sum. What is below would overflow when divided by; the answer
// is as good without it, unless other evidence excludes all the rest, and then it is called an underflow.
const (
	least     = 0x1p-900
	leastMass = 0x1p-960
)

// scale divides a table by the power of two next to its sum and reports the exponent. Powers of two keep all bits. It
// is false when everything is zero, or so small that digits are lost.
func scale(values []float64) (exponent int, ok bool) {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	if sum < leastMass {
		return 0, false
	}
	_, exponent = math.Frexp(sum)
	factor := math.Ldexp(1, -exponent)
	for i, v := range values {
		if v *= factor; v < least {
			v = 0
		}
		values[i] = v
	}
	return exponent, true
}
