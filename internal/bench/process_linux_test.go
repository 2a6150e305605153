package bench

import (
	"os"
	"testing"
	"time"
)

func TestUsed(t *testing.T) {
	t.Parallel()
	t.Run("this process uses something", func(t *testing.T) {
		t.Parallel()
		got, err := used(os.Getpid())
		if err != nil || got.rss < 1<<20 {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
	t.Run("a name with brackets and spaces does not shift the fields", func(t *testing.T) {
		t.Parallel()
		raw := []byte("7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 100 9000 25 18446744073709551615 1")
		got, err := parseStat(raw, 4096)
		if err != nil || got.cpu != 2*time.Second || got.rss != 25*4096 {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
	t.Run("what is cut off is an error", func(t *testing.T) {
		t.Parallel()
		for _, raw := range []string{"", "7 (a) S 1", "7 a S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 100 9000 25"} {
			if _, err := parseStat([]byte(raw), 4096); err == nil {
				t.Errorf("%q was taken", raw)
			}
		}
	})
}
