// Command posmedic keeps card-payment terminals able to take money. Each of its commands stands in a file of its own;
// this one reads the command line, runs the command and turns errors into a sentence, a hint and an exit code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

// commands is the command line: one field a command.
type commands struct {
	Version kong.VersionFlag `help:"Print the version."`

	Diagnose diagnoseCommand `cmd:"" help:"Find out why this terminal cannot take money. Needs no server."`
	Demo     demoCommand     `cmd:"" help:"Try everything on this machine: server, simulated fleet, people, an agent."`
	Serve    serveCommand    `cmd:"" help:"Run the server: console, agents' door, diagnosis and repair. Needs no configuration."`
	Admin    adminCommand    `cmd:"" help:"Register terminals, make codes, tokens and users, and decide about what was learned, without a browser."`
	Agent    agentCommand    `cmd:"" help:"Run the agent of this terminal: report to a server and carry out what it asks."`
	Simulate simulateCommand `cmd:"" help:"Run virtual terminals and an acquirer's host against a server."`
	Openapi  openapiCommand  `cmd:"" help:"Print the OpenAPI document of the console's API."`
	Case     caseCommand     `cmd:"" help:"Measure the diagnosis on coded cases; replay and explain a stored case."`
	Pack     packCommand     `cmd:"" help:"Check, explain and compile knowledge packs."`
	Bench    benchCommand    `cmd:"" help:"Take measures to size hardware with."`
}

// Exit codes; diagnose has finer ones (see exitCode).
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// exitCode ends a command with a code that is an answer and not an error: nothing is printed for it.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// console is what the world gives a command.
type console struct {
	In       io.Reader
	Out, Err io.Writer
	Lang     lang.Lang // by locale; commands with --lang change it
	Getenv   func(string) string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], &console{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Lang: locale(os.Getenv), Getenv: os.Getenv})
	stop()
	os.Exit(code)
}

// locale is the language of the environment: LC_ALL wins over LC_MESSAGES over LANG, as POSIX has it.
func locale(getenv func(string) string) lang.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			return lang.FromLocale(value)
		}
	}
	return lang.EN
}

// run parses and runs; it never exits by itself, except that --help ends the parsing.
func run(ctx context.Context, args []string, c *console) int {
	var cli commands
	helped := false
	parser, err := kong.New(&cli, kong.Name("posmedic"), kong.Description("Keeps card-payment terminals able to take money."),
		kong.Writers(c.Out, c.Err), kong.Exit(func(int) { helped = true }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c, &cli), kong.Vars{"version": version})
	if err != nil {
		return report(c, err) // a mistake in the commands struct
	}
	selected, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err != nil {
		return wrongUsage(c, err)
	}
	return report(c, selected.Run())
}

func wrongUsage(c *console, err error) int {
	fmt.Fprintf(c.Err, "posmedic: %s\n", strings.TrimSuffix(err.Error(), "."))
	fmt.Fprintln(c.Err, lang.Text{ZH: "用法见 posmedic --help", EN: "See posmedic --help"}.In(c.Lang))
	return exitUsage
}

// report prints an error as a person may read it and gives the exit code. The hidden cause goes to the log.
func report(c *console, err error) int {
	var code exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	}
	p := problem.Of(err)
	if p.Kind == problem.Internal {
		slog.New(slog.NewTextHandler(c.Err, nil)).Error("command failed", "error", err)
	}
	fmt.Fprintf(c.Err, "posmedic: %s\n", p.Text.In(c.Lang))
	if !p.Hint.Empty() {
		fmt.Fprintln(c.Err, p.Hint.In(c.Lang))
	}
	if p.Kind == problem.Invalid || p.Kind == problem.Config {
		return exitUsage
	}
	return exitError
}
