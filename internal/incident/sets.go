package incident

import (
	"slices"
	"strconv"
)

// union gives both lists as one ordered set, and which of more were not known.
func union(known, more []string) (all, added []string) {
	all = slices.Clone(known)
	slices.Sort(all)
	for _, m := range more {
		if _, ok := slices.BinarySearch(all, m); !ok && !slices.Contains(added, m) {
			added = append(added, m)
		}
	}
	all = append(all, added...)
	slices.Sort(all)
	return all, added
}

func count(n int) string { return strconv.Itoa(n) }
