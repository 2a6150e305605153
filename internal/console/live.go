package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/posmedic/posmedic/internal/access"
)

// Line is a line of news for live pages: something about a terminal has changed. It carries no facts; a page that
// cares asks again.
type Line struct {
	Kind     string `json:"kind"`
	Terminal string `json:"terminal,omitempty"`
	Case     string `json:"case,omitempty"`
}

const (
	liveBuffer = 256
	liveBeat   = 20 * time.Second // keeps proxies from closing a quiet stream
	lookAgain  = time.Second      // how long a session that has ended may still hear
)

// live streams news as server-sent events until the page leaves or its session ends.
func (d *Door) live(w http.ResponseWriter, r *http.Request) {
	c := callerOf(r.Context())
	if c.user.Name == "" {
		writeProblem(w, d, access.ErrSignedOut)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	news := make(chan []byte, liveBuffer)
	stop, err := d.News.Listen(NewsSubject, func(data []byte) {
		select {
		case news <- data:
		default: // a page too slow for the news reloads at the next one that fits
		}
	})
	if err != nil {
		writeProblem(w, d, err)
		return
	}
	defer stop()
	d.stream(w, r, c, news)
}

// stream writes what is heard. Its first line goes out at once, so that a page knows that it listens.
func (d *Door) stream(w http.ResponseWriter, r *http.Request, c caller, news <-chan []byte) {
	out := http.NewResponseController(w)
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	looked := d.Now()
	_, err := fmt.Fprint(w, ": listening\n\n")
	for err == nil {
		if err = out.Flush(); err != nil {
			return
		}
		text := ": still here\n\n"
		select {
		case <-r.Context().Done():
			return
		case line := <-news:
			text = fmt.Sprintf("event: changed\ndata: %s\n\n", line)
		case <-beat.C:
		}
		if now := d.Now(); now.Sub(looked) >= lookAgain {
			if _, gone := d.who(r.Context(), c); gone != nil {
				return
			}
			looked = now
		}
		_, err = fmt.Fprint(w, text)
	}
}

// MarshalLine writes a line of news.
func MarshalLine(l Line) []byte {
	raw, err := json.Marshal(l)
	if err != nil {
		return nil // three strings can always be written
	}
	return raw
}
