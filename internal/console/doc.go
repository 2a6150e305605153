// Package console is the people's door: sessions, the API behind the pages, live news, and the pages themselves. Its
// views join rooms and write nothing; what a person does is handed to the room that owns it.
//
// Every call under /api/ needs a session, except signing in and the first set-up, and every operation names the action
// that the caller's role must be trusted with (access.Action). Writes need the header X-Posmedic, which a page of
// another origin cannot send.
package console
