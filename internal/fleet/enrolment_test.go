package fleet

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCodesAreUnambiguousAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		code, err := NewCode()
		if err != nil {
			t.Fatal(err)
		}
		if len(code) != 10 || strings.ContainsAny(code, "0O1ILU") || seen[code] {
			t.Fatalf("code %q, seen before: %t", code, seen[code])
		}
		seen[code] = true
	}
}

func TestACodeIsReadAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	want, ok := HashCode("ABCDEFGH23")
	if !ok || strings.Contains(want.Code, "ABCD") || len(want.Code) != 64 || want.Selector == want.Code {
		t.Fatalf("%+v, %t", want, ok)
	}
	for _, typed := range []string{"abcd-efgh23", " ABCDE FGH23 "} {
		if got, ok := HashCode(typed); !ok || got != want {
			t.Errorf("%q is another code", typed)
		}
	}
	for _, typed := range []string{"", "ABCDEFGH2", "ABCDEFGH234", strings.Repeat("-", 1000)} {
		if _, ok := HashCode(typed); ok {
			t.Errorf("%q is a code", typed)
		}
	}
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	right, _ := HashCode("ABCDEFGH23")
	wrong, _ := HashCode("ABCDEFGH24")
	fresh := Enrolment{Hash: right.Code, ExpiresAt: now.Add(time.Minute)}
	used := fresh
	used.UsedAt, used.UsedKey = now.Add(-time.Hour), "k1"
	old := used
	old.UsedAt = now.Add(-RedeemAgain)
	worn := fresh
	worn.Tries = MaxTries
	late := fresh
	late.ExpiresAt = now
	for name, c := range map[string]struct {
		e    Enrolment
		h    CodeHash
		want Admission
	}{
		"the right code":                {fresh, right, Admitted},
		"a wrong code":                  {fresh, wrong, Miscount},
		"the right code after too many": {worn, right, Refused},
		"the same key again":            {used, right, Again},
		"the same key, much later":      {old, right, Refused},
		"the moment it expires":         {late, right, Refused},
		"a wrong code on a used one":    {used, wrong, Miscount},
	} {
		if got := c.e.Admit(c.h, "k1", now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := used.Admit(right, "k2", now); got != Refused {
		t.Errorf("another key with a used code: %d", got)
	}
}

func TestWhatTheRegisterRefuses(t *testing.T) {
	t.Parallel()
	good := Terminal{Acquirer: "allinpay", TID: "10000001", MID: "821000000000001", Merchant: "m", Site: "s"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Terminal){
		"no TID":               func(x *Terminal) { x.TID = "" },
		"TID with a line end":  func(x *Terminal) { x.TID = "1\n2" },
		"long MID":             func(x *Terminal) { x.MID = strings.Repeat("1", 65) },
		"no site":              func(x *Terminal) { x.Site = "" },
		"an attribute of ours": func(x *Terminal) { x.Attributes = map[Attribute]string{Model: "A920"} },
		"a made-up attribute":  func(x *Terminal) { x.Attributes = map[Attribute]string{"mood": "bad"} },
	} {
		bad := good
		spoil(&bad)
		if err := bad.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSharesComeFromAllOfTheRegister(t *testing.T) {
	t.Parallel()
	l := Listed{
		Terminal: Terminal{Acquirer: "a", Site: "s", Attributes: map[Attribute]string{Carrier: "cmcc", Cell: ""}},
		Area:     "north", Device: &Device{Model: "A920"},
	}
	got := l.Shares()
	want := map[Attribute]string{Acquirer: "a", SiteShared: "s", Area: "north", Model: "A920", Carrier: "cmcc"}
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for a, v := range want {
		if got[a] != v {
			t.Errorf("%s is %q, want %q", a, got[a], v)
		}
	}
	if _, changed := l.Attributes[Model]; changed {
		t.Error("the terminal's own attributes changed")
	}
}
