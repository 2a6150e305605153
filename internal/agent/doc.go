// Package agent runs on the terminal. It makes one outbound connection to the gateway, says how the terminal is, and
// carries out the few steps of package remote that the gateway may ask for.
//
// What it promises:
//   - its key never leaves the terminal; it speaks only to the server whose fingerprint stood in the enrolment string;
//   - a report is durable before it is sent, and sent until it is acknowledged; what had to be given up is declared;
//   - a command is carried out at most once, whatever crashes in between, and its end is told until it is heard;
//   - a wrong clock on the terminal, a dead network, a full disk and a server that is away are everyday cases.
//
// An agent is two goroutines (one when it polls), so that thousands of simulated ones fit into a process.
package agent
