// Command posmedic-agent is the agent alone: small and static, for terminals. `posmedic agent` does the same.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/posmedic/posmedic/internal/agent/daemon"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, lang.FromLocale(locale(os.Getenv))))
}

// commandLine is the agent's flags and those of the program.
type commandLine struct {
	daemon.Flags
	Verbose bool `short:"v" help:"Say more."`
}

// run runs the program and gives its exit code: 0 when told to end, 1 for what went wrong, 2 for wrong usage
// and settings.
func run(ctx context.Context, args []string, out, errs io.Writer, language lang.Lang) int {
	var line commandLine
	exit := -1
	parser, err := kong.New(&line, kong.Name("posmedic-agent"), kong.Description("The posmedic agent: runs on a card terminal."),
		kong.Writers(out, errs), kong.Exit(func(code int) { exit = code }))
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	_, err = parser.Parse(args)
	switch {
	case exit >= 0:
		return exit // --help was asked for
	case err != nil:
		fmt.Fprintln(errs, "posmedic-agent:", err)
		return 2
	}
	level := slog.LevelInfo
	if line.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: level}))
	if err := daemon.Run(ctx, line.Flags, log); err != nil {
		return explain(errs, log, err, language)
	}
	return 0
}

// explain tells a person what went wrong and what to do, and gives the exit code; the hidden cause goes to the log.
func explain(errs io.Writer, log *slog.Logger, err error, language lang.Lang) int {
	p := problem.Of(err)
	log.Error("the agent has ended", "code", p.Code, "err", err)
	fmt.Fprintln(errs, "posmedic-agent:", p.Text.In(language))
	if hint := p.Hint.In(language); hint != "" {
		fmt.Fprintln(errs, hint)
	}
	if p.Kind == problem.Invalid || p.Kind == problem.Config {
		return 2
	}
	return 1
}

// locale gives what the person speaks, by the rules of POSIX.
func locale(env func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := env(name); value != "" {
			return value
		}
	}
	return ""
}
