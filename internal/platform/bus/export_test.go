package bus

import "time"

// SetFirstPause lets a test wait less before an event is tried again.
func (b *Bus) SetFirstPause(d time.Duration) { b.firstPause = d }
