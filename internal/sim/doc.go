// Package sim is a virtual estate of payment terminals: streets with power, shops with routers, terminals with hardware,
// a payment app and a SIM, acquirer hosts with their books, and the people around them. It speaks the real protocols on
// real loopback sockets: ISO 8583 over TCP and TLS to the hosts, the agent's wire to the gateway, the host's feed.
//
// Nothing here knows how a case should end. A fault (faults.go) only changes the world: a SIM runs out of data, a key is
// lost, a street goes dark. What the terminal, its agent, the host and the people then see follows from that state, and
// so does what a remedy brings about: restarting the app frees a hung app and nothing else. Truth reads the faults off
// the state, so a wrong repair leaves the terminal broken, and everybody can tell.
//
// Words: Speed makes customers, people and hardware hurry, it does not touch the clock; a virtual minute is a minute
// divided by Speed. The agenda is the list of what happens next; it needs no goroutine per terminal.
package sim
