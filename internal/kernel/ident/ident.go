// Package ident makes the ids of posmedic: a short prefix that says what the thing is, and a ULID that sorts by time.
package ident

import (
	"crypto/rand"
	"strings"

	"github.com/oklog/ulid/v2"
)

// New makes an id such as "case_01JD…". It panics only if the system has no randomness left.
func New(prefix string) string {
	return prefix + "_" + strings.ToLower(ulid.MustNew(ulid.Now(), rand.Reader).String())
}
