// Package agentdoor is the door through which the agents on the terminals come in: one TLS 1.3 listener that speaks
// the messages of package wire.
//
// A device is known by its own Ed25519 key, the key of the certificate it connects with; the terminal it may speak for
// is the one that key was bound to at enrolment. No message carries a terminal id, so no device can speak for another.
//
// What the door promises:
//   - a Receipt is written only after the Intake has made the batch durable;
//   - what passes on has been screened (Screen, ScreenProgress): bounded, ordered, with honest times, in the pack's words,
//     and free of card data;
//   - what is refused has a stable code (codes.go), is answered as an RFC 9457 problem, and is counted.
//
// What it refuses: keys of another kind, unknown and revoked keys, oversized and malformed bodies, progress of another
// terminal's command, and callers who come too often.
package agentdoor
