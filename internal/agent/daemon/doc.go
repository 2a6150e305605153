// Package daemon runs an agent on the machine it stands on: it turns a command line into an agent with its files, its
// steps and its senses. Both programs that can be an agent use it.
package daemon
