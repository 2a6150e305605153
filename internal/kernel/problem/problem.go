// Package problem gives every error of posmedic three faces: a Code for programs, a Text that is safe to show a
// person (no secrets, no card data, no paths) with a Hint what to do, and a hidden Cause for whoever operates it.
//
// Handlers return errors; one place at each door turns them into RFC 9457 problem details. An error without a code
// is Internal, and its text never leaves the process.
package problem

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/posmedic/posmedic/internal/kernel/lang"
)

// Code says to a program what kind of thing went wrong. Codes are stable: clients switch on them.
type Code string

// The kinds of error that every room may use. A room that needs a finer one declares its own Code and wraps one of
// these as Kind.
const (
	Invalid      Code = "invalid"      // the caller's input breaks a rule; repeating it will not help
	Unauthorized Code = "unauthorized" // nobody is signed in, or the key is unknown
	Forbidden    Code = "forbidden"    // somebody is signed in who may not do this
	NotFound     Code = "not_found"
	Conflict     Code = "conflict" // the state does not allow it (any more)
	TooMany      Code = "too_many" // slow down; retry later
	TooLarge     Code = "too_large"
	Unavailable  Code = "unavailable" // a part is down; retry later
	Config       Code = "config"      // the start is refused: a setting is wrong
	Internal     Code = "internal"
)

// Error is the one error type that crosses a room's wall.
type Error struct {
	Kind  Code      // one of the constants above: decides the HTTP status
	Code  string    // finer, stable, e.g. "report.clock_skew"; equals Kind when there is nothing finer
	Text  lang.Text // safe to show
	Hint  lang.Text // what the reader can do about it
	Cause error     // for the log only
}

// New makes an error of a kind with a finer code and a text in both languages.
func New(kind Code, code string, text lang.Text) *Error {
	return &Error{Kind: kind, Code: code, Text: text}
}

// WithHint returns a copy that tells the reader what to do.
func (e *Error) WithHint(hint lang.Text) *Error { c := *e; c.Hint = hint; return &c }

// Because returns a copy with the hidden cause.
func (e *Error) Because(cause error) *Error { c := *e; c.Cause = cause; return &c }

// Error is for logs and developers: it may contain the cause, so it is never shown to a person at a door.
func (e *Error) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Text.EN)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Text.EN, e.Cause)
}

func (e *Error) Unwrap() error { return e.Cause }

// Is reports sameness by code, so that errors.Is works with a package's declared errors after WithHint or Because.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Of finds the problem in err, or wraps err as an internal one whose text says nothing.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{
		Kind: Internal, Code: string(Internal), Cause: err,
		Text: lang.Text{ZH: "系统内部出错", EN: "something went wrong inside"},
		Hint: lang.Text{ZH: "请稍后再试；若再次出现，把编号告诉运维", EN: "try again; if it stays, give the error id to your operator"},
	}
}

// Status is the HTTP status of a kind.
func (c Code) Status() int {
	switch c {
	case Invalid:
		return http.StatusUnprocessableEntity
	case Unauthorized:
		return http.StatusUnauthorized
	case Forbidden:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case TooMany:
		return http.StatusTooManyRequests
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
