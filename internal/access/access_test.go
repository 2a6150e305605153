package access

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestEveryRoleMayMoreThanTheOneBelow(t *testing.T) {
	t.Parallel()
	ladder := []Role{Viewer, Agent, Operator, Admin}
	for i, r := range ladder[1:] {
		if len(r.Actions()) <= len(ladder[i].Actions()) {
			t.Errorf("%s may no more than %s", r, ladder[i])
		}
		for _, a := range ladder[i].Actions() {
			if !r.May(a) {
				t.Errorf("%s may not %s, but %s may", r, a, ladder[i])
			}
		}
	}
	for who, a := range map[Role]Action{
		Viewer: AnswerCase, Agent: RevokeDevice, Operator: ManageUsers, "": SeeFleet, "root": SeeFleet,
	} {
		if err := (User{Role: who}).Require(a); !errors.Is(err, ErrForbidden) {
			t.Errorf("%q may %s: %v", who, a, err)
		}
	}
	if err := (User{Role: Admin}).Require(ManageUsers); err != nil {
		t.Error(err)
	}
}

func TestPasswordsAreCheckedAndSalted(t *testing.T) {
	t.Parallel()
	p, err := NewPasswords(2)
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := p.Hash(t.Context(), "correct horse")
	two, err2 := p.Hash(t.Context(), "correct horse")
	if err := errors.Join(err1, err2); err != nil || one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %q, %v", one, two, err)
	}
	for _, c := range []struct {
		hash, password string
		want           bool
	}{{one, "correct horse", true}, {one, "correct hors", false}, {one, "", false}, {"", "correct horse", false}, {"", "", false}} {
		if got, err := p.Check(t.Context(), c.hash, c.password); err != nil || got != c.want {
			t.Errorf("Check(%.20q, %q) = %t, %v", c.hash, c.password, got, err)
		}
	}
	for _, broken := range []string{"plain", "$argon2id$v=19$m=1,t=0,p=0$AA$AA", "$argon2i$v=19$m=1,t=1,p=1$AA$AA", one[:len(one)-43]} {
		if ok, err := p.Check(t.Context(), broken, "x"); ok || err == nil {
			t.Errorf("a broken hash %q passed", broken)
		}
	}
}

// The reference implementation of argon2 (phc-winner-argon2, command line `argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32`
// on the word "password") gives this hash.
func TestAHashOfTheReferenceImplementationIsUnderstood(t *testing.T) {
	t.Parallel()
	p, err := NewPasswords(1)
	if err != nil {
		t.Fatal(err)
	}
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := p.Check(t.Context(), hash, "password"); err != nil || !ok {
		t.Fatalf("%t, %v", ok, err)
	}
}

func TestWhoFailsOftenWaitsLonger(t *testing.T) {
	t.Parallel()
	g := Guard{Free: 5}
	now := time.Unix(100000, 0)
	before := time.Duration(0)
	for n := range 40 {
		wait := g.Wait(n, now, now)
		if n < 5 && wait != 0 || n >= 5 && wait == 0 || wait < before || wait > 15*time.Minute {
			t.Fatalf("after %d failures wait %v (before %v)", n, wait, before)
		}
		before = wait
	}
	if got := g.Wait(6, now.Add(-3*time.Second), now); got != 0 {
		t.Errorf("the time has passed, and still %v", got)
	}
	if got := g.Wait(1000, now.Add(-ForgetAfter), now); got != 0 {
		t.Errorf("a day later still %v", got)
	}
}

func TestGuardsTellNamesAndAddressesApart(t *testing.T) {
	t.Parallel()
	keys := func(name, from string) map[string]bool {
		m := map[string]bool{}
		for _, g := range Guards(name, from) {
			m[g.Key] = true
		}
		return m
	}
	shared := func(a, b map[string]bool) (n int) {
		for k := range a {
			if b[k] {
				n++
			}
		}
		return n
	}
	base := keys("ann", "10.0.0.1")
	for _, c := range []struct {
		other map[string]bool
		want  int
	}{{keys("ANN", "10.0.0.1"), 3}, {keys("ann", "10.0.0.2"), 1}, {keys("bob", "10.0.0.1"), 1}, {keys("bob", "10.0.0.2"), 0}} {
		if got := shared(base, c.other); got != c.want {
			t.Errorf("share %d guards, want %d", got, c.want)
		}
	}
}

func TestNamesAndPasswordsAreChecked(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"ann": true, "王芳": true, "": false, "a b": false, "a\n": false, "a\u3000b": false, strings.Repeat("x", 65): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
	for password, ok := range map[string]bool{
		"0123456789": true, "一二三四五六七八九十": true, "short": false, "annannannann": false, strings.Repeat("x", 257): false,
	} {
		if err := CheckPassword("AnnAnnAnnAnn", password); (err == nil) != ok {
			t.Errorf("CheckPassword(%q) = %v", password, err)
		}
	}
}

func TestASessionSlidesButEnds(t *testing.T) {
	t.Parallel()
	start := time.Unix(0, 0)
	for name, c := range map[string]struct {
		seen, now time.Duration
		want      bool
	}{
		"in use":          {time.Hour, 2 * time.Hour, true},
		"idle":            {time.Hour, time.Hour + SessionIdle, false},
		"in use too long": {SessionMax - time.Hour, SessionMax, false},
	} {
		if got := Alive(start, start.Add(c.seen), start.Add(c.now)); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
