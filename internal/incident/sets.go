package incident

import "slices"

// union gives both lists as one ordered set, and which of more were not known.
func union(known, more []string) (all, added []string) {
	all = slices.Clone(known)
	slices.Sort(all)
	for _, m := range more {
		if _, ok := slices.BinarySearch(all, m); !ok {
			added = append(added, m)
		}
	}
	slices.Sort(added)
	added = slices.Compact(added)
	all = append(all, added...)
	slices.Sort(all)
	return all, added
}
