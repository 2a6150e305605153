package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/wire"
)

const (
	requestTimeout = 60 * time.Second // a full batch over a thin line
	maxAnswer      = 1 << 20
)

// ErrWrongServer says that whoever answered does not hold the key that stood in the enrolment string: another server,
// or somebody in between (also the login page of a shop's network).
var ErrWrongServer = problem.New(problem.Forbidden, "agent.wrong_server", lang.Text{
	ZH: "应答的服务器不是接入码所属的服务器", EN: "the server that answered is not the one of the enrolment code",
}).WithHint(lang.Text{
	ZH: "请检查服务器地址，以及网络中是否有登录页或代理", EN: "check the server's address, and whether the network has a login page or a proxy",
})

// link is the agent's way to its gateway.
type link struct {
	base   string
	client *http.Client

	mu   sync.Mutex
	told time.Time // what the gateway's clock said …
	at   time.Time // … when ours, steady, said this
}

func newLink(a *Agent, cert tls.Certificate, server string) *link {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		ServerName:         wire.ServerName,
		Certificates:       []tls.Certificate{cert},
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
		// Names and dates are not looked at, because the terminal's clock may be wrong; the key is everything.
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if wire.Fingerprint(s.PeerCertificates[0]) != server {
				return ErrWrongServer
			}
			return nil
		},
	}
	return &link{base: "https://" + a.cfg.Server, client: &http.Client{Transport: &http.Transport{
		DialContext: a.deps.Dial, TLSClientConfig: config, TLSHandshakeTimeout: 20 * time.Second,
		MaxIdleConnsPerHost: 1, IdleConnTimeout: 4 * time.Minute, DisableCompression: true,
	}}}
}

func (l *link) close() { l.client.CloseIdleConnections() }

// refused is the gateway's no.
type refused struct {
	status  int
	problem wire.Problem
	after   time.Duration
}

func (r *refused) Error() string {
	return fmt.Sprintf("the gateway refused: %d %s: %s", r.status, r.problem.Code, r.problem.Text.EN)
}

// Unwrap gives the refusal the face of any other problem, so that a command line can show it.
func (r *refused) Unwrap() error {
	return &problem.Error{Kind: problem.Code(r.problem.Title), Code: r.problem.Code, Text: r.problem.Text, Hint: r.problem.Hint}
}

// unwanted reports whether the gateway knows us not, or no longer.
func (r *refused) unwanted() bool {
	return r.status == http.StatusUnauthorized || r.status == http.StatusForbidden
}

// passing reports whether waiting may heal it.
func (r *refused) passing() bool {
	return r.status >= 500 || r.status == http.StatusTooManyRequests || r.status == http.StatusRequestTimeout
}

// final reports whether trying again is of no use.
func final(err error) bool {
	var r *refused
	if errors.As(err, &r) {
		return !r.passing()
	}
	return errors.Is(err, ErrWrongServer)
}

// How the gateway ends a live connection that it does not want again soon: another one has this device's key (two
// that replaced each other without pause would be a storm), or the key is no longer bound.
const (
	closeReplaced websocket.StatusCode = 4001
	closeUnbound  websocket.StatusCode = 4003
)

// advice says how long the gateway asked us to wait, and whether it does not want us at all.
func advice(err error) (after time.Duration, unwanted bool) {
	var r *refused
	if errors.As(err, &r) {
		return r.after, r.unwanted()
	}
	switch websocket.CloseStatus(err) {
	case closeReplaced, closeUnbound:
		return 0, true
	default:
		return 0, errors.Is(err, ErrWrongServer)
	}
}

// post sends a message and reads the answer, unless into is nil.
func (l *link) post(ctx context.Context, path string, message, into any) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	l.hear(response)
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return refusal(response, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func refusal(response *http.Response, answer []byte) error {
	r := &refused{status: response.StatusCode}
	if json.Unmarshal(answer, &r.problem) != nil || r.problem.Code == "" {
		r.problem = wire.Problem{Title: string(problem.Unavailable), Code: "http." + strconv.Itoa(response.StatusCode)}
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.after = time.Duration(min(seconds, 24*60*60)) * time.Second
	}
	return r
}

// hear learns the right time from an answer.
func (l *link) hear(response *http.Response) {
	told, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.at = told.Add(500*time.Millisecond), time.Now() // the header has whole seconds: half of one is the best guess
}

// now is the right time, to about a second: the gateway's clock carried on by our steady one. Before the gateway has
// said anything it is the zero time.
func (l *link) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told.IsZero() {
		return time.Time{}
	}
	return l.told.Add(time.Since(l.at))
}
