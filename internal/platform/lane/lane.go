// Package lane spreads terminals over a fixed number of lanes. What must stay in order for one terminal stays in its
// lane, and what costs memory per subject or per lock costs it once a lane instead of once a terminal.
package lane

import "hash/fnv"

// Count is the number of lanes. It is written into stored subjects and rows: changing it needs a migration.
const Count = 16

// Of gives the lane of a terminal; whatever belongs to no terminal shares one lane.
func Of(terminal string) int {
	h := fnv.New32a()
	h.Write([]byte(terminal)) // a hash never returns an error
	return int(h.Sum32() % Count)
}
