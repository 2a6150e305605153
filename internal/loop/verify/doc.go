// Package verify is the fourth stage of the loop: a repair is not "fixed" because somebody says so, but when the
// acquirer's host has accepted a sign-in and approved a sale since, and nothing has spoken against it for a quiet
// window. Anything else reopens the case by itself.
//
// The judgement is a pure function (Judge); the stage keeps one Watch for each case that waits for its proof. A case
// nobody repaired is watched too as soon as its terminal sells again: then it has recovered by itself, and no step of
// ours is credited with it.
//
// Events that leave: verify.outcome.
package verify
