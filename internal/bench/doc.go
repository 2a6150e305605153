// Package bench takes the measures that users size their hardware with.
//
// The program is measured as it is used: the same binary is started as a process of its own, on loopback, in a fresh
// folder, and is spoken to through its real doors. Figures of the server are the server's alone; the load runs in the
// measuring process. What a measure says was stored, it has looked up.
package bench
