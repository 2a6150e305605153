package access

import (
	"slices"
	"strings"
	"time"
)

// Guard counts failures of one kind and makes whoever goes on wait.
type Guard struct {
	Key  string // a hash; says nothing about who
	Free int    // failures before anybody waits
}

// Of the throttle.
const (
	maxWait     = 15 * time.Minute
	ForgetAfter = 24 * time.Hour // a guard without failures for so long starts afresh
)

// Guards are what stands in front of a login, ordered by key. A name from one address waits soon, an address that tries
// many names a little later, and a name that is tried from everywhere late, for its owner waits too.
func Guards(name, from string) []Guard {
	name = strings.ToLower(name)
	list := []Guard{
		{Key: Digest("both\x00" + name + "\x00" + from), Free: 5},
		{Key: Digest("from\x00" + from), Free: 20},
		{Key: Digest("name\x00" + name), Free: 50},
	}
	slices.SortFunc(list, func(a, b Guard) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// Wait says how long to wait from now after so many failures, the last one at a time: 1, 2, 4 … seconds.
func (g Guard) Wait(failures int, last, now time.Time) time.Duration {
	over := failures - g.Free
	if over < 0 || now.Sub(last) >= ForgetAfter {
		return 0
	}
	wait := min(time.Second<<min(over, 20), maxWait)
	return max(0, last.Add(wait).Sub(now))
}
