// Package accesstest is the suite that every store of users must pass.
package accesstest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/posmedic/posmedic/internal/access"
)

// Store is what the suite tries.
type Store interface {
	NeedsSetup(ctx context.Context) (bool, error)
	SetupLink(ctx context.Context) (token string, err error)
	CompleteSetup(ctx context.Context, token, name, password, from string) (access.User, string, error)
	Login(ctx context.Context, name, password, from string) (access.User, string, error)
	Session(ctx context.Context, secret string) (access.User, error)
	Logout(ctx context.Context, by access.Actor, secret string) error
	CreateUser(ctx context.Context, by access.Actor, name, password string, role access.Role) (access.User, error)
	Users(ctx context.Context) ([]access.User, error)
	SetRole(ctx context.Context, by access.Actor, id string, role access.Role) error
	Disable(ctx context.Context, by access.Actor, id string) error
	Enable(ctx context.Context, by access.Actor, id string) error
	SetPassword(ctx context.Context, by access.Actor, id, password string) error
	NewToken(ctx context.Context, by access.Actor, label string, scope access.Scope) (access.Token, string, error)
	Token(ctx context.Context, secret string) (access.Token, error)
	Tokens(ctx context.Context) ([]access.Token, error)
	RevokeToken(ctx context.Context, by access.Actor, id string) error
	Audit(ctx context.Context, by access.Actor, what, target string) error
	Trail(ctx context.Context, cursor string, limit int) ([]access.Record, string, error)
}

// Clock stands until it is moved.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock starts somewhere.
func NewClock() *Clock { return &Clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

// Now is what a store gets as its clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// World is a fresh store and its clock.
type World struct {
	Store Store
	Clock *Clock
}

const (
	password = "correct horse battery"
	desk     = "10.0.0.1"
)

var root = access.Actor{Name: "root", From: desk}

// Run tries the suite; world gives a fresh world each time.
func Run(t *testing.T, world func(t *testing.T) World) {
	t.Helper()
	for name, f := range map[string]func(*testing.T, World){
		"the first set-up makes one administrator":   setup,
		"a set-up link expires and is replaced":      setupLinks,
		"a set-up with a bad password may try again": setupAgain,
		"two that set up at once: one is first":      setupRace,
		"a session slides, idles out and ends":       session,
		"a wrong login says nothing":                 wrongLogin,
		"who fails often is throttled":               throttle,
		"many guesses at once do not slip through":   burst,
		"a new password ends the sessions":           newPassword,
		"a disabled user is out at once":             disable,
		"the last administrator stays":               lastAdmin,
		"names are taken once":                       names,
		"tokens work until they are revoked":         tokens,
		"the trail says who did what":                trail,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, world(t))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v; want %v", err, want)
	}
}

// admin sets up the first user.
func admin(t *testing.T, w World) access.User {
	t.Helper()
	link, err := w.Store.SetupLink(t.Context())
	must(t, err)
	u, _, err := w.Store.CompleteSetup(t.Context(), link, "root", password, desk)
	must(t, err)
	return u
}

func user(t *testing.T, w World, name string, role access.Role) access.User {
	t.Helper()
	u, err := w.Store.CreateUser(t.Context(), root, name, password, role)
	must(t, err)
	return u
}

func login(t *testing.T, w World, name string) string {
	t.Helper()
	_, secret, err := w.Store.Login(t.Context(), name, password, desk)
	must(t, err)
	return secret
}

func setup(t *testing.T, w World) {
	link, err := w.Store.SetupLink(t.Context())
	must(t, err)
	if needs, err := w.Store.NeedsSetup(t.Context()); err != nil || !needs || link == "" {
		t.Fatalf("needs %t, link %q, %v", needs, link, err)
	}
	_, _, err = w.Store.CompleteSetup(t.Context(), "guess", "eve", password, desk)
	refused(t, err, access.ErrSetup)
	u, secret, err := w.Store.CompleteSetup(t.Context(), link, "root", password, desk)
	must(t, err)
	if got, err := w.Store.Session(t.Context(), secret); err != nil || got != u || u.Role != access.Admin {
		t.Fatalf("%+v, %v", got, err)
	}
	_, _, err = w.Store.CompleteSetup(t.Context(), link, "eve", password, desk)
	refused(t, err, access.ErrSetup)
	if link, err := w.Store.SetupLink(t.Context()); err != nil || link != "" {
		t.Fatalf("a second link %q, %v", link, err)
	}
	if needs, err := w.Store.NeedsSetup(t.Context()); err != nil || needs {
		t.Fatalf("still needs a set-up, %v", err)
	}
}

func setupLinks(t *testing.T, w World) {
	old, err := w.Store.SetupLink(t.Context())
	must(t, err)
	fresh, err := w.Store.SetupLink(t.Context())
	must(t, err)
	_, _, err = w.Store.CompleteSetup(t.Context(), old, "root", password, desk)
	refused(t, err, access.ErrSetup)
	w.Clock.Pass(access.SetupTTL)
	_, _, err = w.Store.CompleteSetup(t.Context(), fresh, "root", password, desk)
	refused(t, err, access.ErrSetup)
}

func setupAgain(t *testing.T, w World) {
	link, err := w.Store.SetupLink(t.Context())
	must(t, err)
	_, _, err = w.Store.CompleteSetup(t.Context(), link, "root", "short", desk)
	refused(t, err, access.ErrInvalid)
	_, _, err = w.Store.CompleteSetup(t.Context(), link, "root", password, desk)
	must(t, err)
}

func setupRace(t *testing.T, w World) {
	link, err := w.Store.SetupLink(t.Context())
	must(t, err)
	results := make(chan error, 3)
	for _, name := range []string{"a", "b", "c"} {
		go func() {
			_, _, err := w.Store.CompleteSetup(t.Context(), link, name, password, desk)
			results <- err
		}()
	}
	first := 0
	for range cap(results) {
		if err := <-results; err == nil {
			first++
		} else if !errors.Is(err, access.ErrSetup) {
			t.Error(err)
		}
	}
	if list, err := w.Store.Users(t.Context()); err != nil || first != 1 || len(list) != 1 {
		t.Fatalf("%d first, %v, %v", first, list, err)
	}
}

func session(t *testing.T, w World) {
	u := admin(t, w)
	secret := login(t, w, "root")
	for range 3 { // each request slides it
		w.Clock.Pass(access.SessionIdle - time.Minute)
		if got, err := w.Store.Session(t.Context(), secret); err != nil || got.ID != u.ID {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	w.Clock.Pass(access.SessionIdle)
	_, err := w.Store.Session(t.Context(), secret)
	refused(t, err, access.ErrSignedOut)
	secret = login(t, w, "root")
	must(t, w.Store.Logout(t.Context(), root, secret))
	_, err = w.Store.Session(t.Context(), secret)
	refused(t, err, access.ErrSignedOut)
	_, err = w.Store.Session(t.Context(), "guess")
	refused(t, err, access.ErrSignedOut)
}

func wrongLogin(t *testing.T, w World) {
	admin(t, w)
	gone := user(t, w, "gone", access.Agent)
	must(t, w.Store.Disable(t.Context(), root, gone.ID))
	for name, pass := range map[string]string{"root": "wrong password", "nobody": password, "gone": password, "a b": password} {
		u, secret, err := w.Store.Login(t.Context(), name, pass, desk)
		refused(t, err, access.ErrLogin)
		if u != (access.User{}) || secret != "" {
			t.Errorf("%s: %+v, %q beside the error", name, u, secret)
		}
	}
}

func throttle(t *testing.T, w World) {
	admin(t, w)
	for _, name := range []string{"root", "nobody"} { // known or not makes no difference
		for range 5 {
			_, _, err := w.Store.Login(t.Context(), name, "wrong password", desk)
			refused(t, err, access.ErrLogin)
		}
		_, _, err := w.Store.Login(t.Context(), name, password, desk)
		refused(t, err, access.ErrThrottled)
	}
	if _, _, err := w.Store.Login(t.Context(), "root", password, "10.0.0.2"); err != nil {
		t.Fatalf("the owner at another address: %v", err)
	}
	w.Clock.Pass(time.Second)
	login(t, w, "root")
	w.Clock.Pass(time.Second)
	for range 10 { // a success does not count as a failure
		w.Clock.Pass(time.Second)
		login(t, w, "root")
	}
}

func burst(t *testing.T, w World) {
	admin(t, w)
	results := make(chan error, 12)
	for range cap(results) {
		go func() {
			_, _, err := w.Store.Login(t.Context(), "root", "wrong password", desk)
			results <- err
		}()
	}
	tried := 0
	for range cap(results) {
		err := <-results
		if errors.Is(err, access.ErrLogin) {
			tried++
		} else if !errors.Is(err, access.ErrThrottled) {
			t.Error(err)
		}
	}
	if tried != 5 {
		t.Fatalf("%d guesses were checked, want 5", tried)
	}
}

func newPassword(t *testing.T, w World) {
	admin(t, w)
	u := user(t, w, "ann", access.Agent)
	secret := login(t, w, "ann")
	refused(t, w.Store.SetPassword(t.Context(), root, u.ID, "short"), access.ErrInvalid)
	must(t, w.Store.SetPassword(t.Context(), root, u.ID, "another password"))
	_, err := w.Store.Session(t.Context(), secret)
	refused(t, err, access.ErrSignedOut)
	_, _, err = w.Store.Login(t.Context(), "ann", password, desk)
	refused(t, err, access.ErrLogin)
	_, _, err = w.Store.Login(t.Context(), "ann", "another password", desk)
	must(t, err)
	refused(t, w.Store.SetPassword(t.Context(), root, "user_x", password), access.ErrNotFound)
}

func disable(t *testing.T, w World) {
	admin(t, w)
	u := user(t, w, "ann", access.Agent)
	secret := login(t, w, "ann")
	must(t, w.Store.Disable(t.Context(), root, u.ID))
	_, err := w.Store.Session(t.Context(), secret)
	refused(t, err, access.ErrSignedOut)
	must(t, w.Store.Enable(t.Context(), root, u.ID))
	_, err = w.Store.Session(t.Context(), secret)
	refused(t, err, access.ErrSignedOut) // the old session does not come back
	login(t, w, "ann")
}

func lastAdmin(t *testing.T, w World) {
	first := admin(t, w)
	refused(t, w.Store.Disable(t.Context(), root, first.ID), access.ErrLastAdmin)
	refused(t, w.Store.SetRole(t.Context(), root, first.ID, access.Viewer), access.ErrLastAdmin)
	second := user(t, w, "ann", access.Admin)
	results := make(chan error, 2)
	for _, id := range []string{first.ID, second.ID} { // each locks the other out
		go func() { results <- w.Store.Disable(t.Context(), root, id) }()
	}
	a, b := <-results, <-results
	if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), access.ErrLastAdmin) {
		t.Fatalf("%v and %v; want one to be refused", a, b)
	}
}

func names(t *testing.T, w World) {
	admin(t, w)
	_, err := w.Store.CreateUser(t.Context(), root, "root", password, access.Viewer)
	refused(t, err, access.ErrTaken)
	_, err = w.Store.CreateUser(t.Context(), root, "ann", password, "king")
	refused(t, err, access.ErrInvalid)
	u := user(t, w, "ann", access.Viewer)
	must(t, w.Store.SetRole(t.Context(), root, u.ID, access.Operator))
	list, err := w.Store.Users(t.Context())
	must(t, err)
	if len(list) != 2 || list[0].Name != "ann" || list[0].Role != access.Operator {
		t.Fatalf("%+v", list)
	}
}

func tokens(t *testing.T, w World) {
	admin(t, w)
	made, secret, err := w.Store.NewToken(t.Context(), root, "host feed", access.Feed)
	must(t, err)
	if got, err := w.Store.Token(t.Context(), secret); err != nil || got != made {
		t.Fatalf("%+v, %v; want %+v", got, err, made)
	}
	_, err = w.Store.Token(t.Context(), made.ID)
	refused(t, err, access.ErrSignedOut)
	must(t, w.Store.RevokeToken(t.Context(), root, made.ID))
	_, err = w.Store.Token(t.Context(), secret)
	refused(t, err, access.ErrSignedOut)
	refused(t, w.Store.RevokeToken(t.Context(), root, made.ID), access.ErrNotFound)
	if list, err := w.Store.Tokens(t.Context()); err != nil || len(list) != 1 || list[0].RevokedAt.IsZero() {
		t.Fatalf("%+v, %v", list, err)
	}
	_, _, err = w.Store.NewToken(t.Context(), root, "x", "everything")
	refused(t, err, access.ErrInvalid)
}

func trail(t *testing.T, w World) {
	admin(t, w)
	w.Clock.Pass(time.Second)
	_, _, err := w.Store.Login(t.Context(), "my-secret-password", password, desk)
	refused(t, err, access.ErrLogin)
	w.Clock.Pass(time.Second)
	must(t, w.Store.Audit(t.Context(), access.Actor{Name: "ann", From: "10.0.0.9"}, "repair.start", "case_1"))
	refused(t, w.Store.RevokeToken(t.Context(), root, "tok_x"), access.ErrNotFound) // what did not happen leaves no line
	page, next, err := w.Store.Trail(t.Context(), "", 2)
	must(t, err)
	rest, end, err := w.Store.Trail(t.Context(), next, 2)
	must(t, err)
	if len(page) != 2 || len(rest) != 1 || end != "" {
		t.Fatalf("%+v, then %+v, end %q", page, rest, end)
	}
	got, failed := page[0], page[1]
	if got.Who != "ann" || got.What != "repair.start" || got.Target != "case_1" || got.From != "10.0.0.9" || !got.At.Equal(w.Clock.Now()) {
		t.Errorf("%+v", got)
	}
	if failed.What != "access.login_failed" || failed.Who != "unknown" || failed.From != desk {
		t.Errorf("%+v", failed)
	}
	if rest[0].What != "access.setup" || rest[0].Who != "root" {
		t.Errorf("%+v", rest[0])
	}
	_, _, err = w.Store.Trail(t.Context(), "nonsense", 1)
	refused(t, err, access.ErrInvalid)
}
