package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/app"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/loop/learn"
)

// adminCommand is `posmedic admin …`: what an operator does at the console, without a browser, on the server's own data.
type adminCommand struct {
	Dir    string `help:"Data folder of the server." placeholder:"DIR" env:"POSMEDIC_DIR"`
	Store  string `help:"Database of the server, if it has one of its own." placeholder:"DSN" env:"POSMEDIC_STORE"`
	Pack   string `help:"Knowledge pack of the server, if it has one of its own." placeholder:"DIR" env:"POSMEDIC_PACK"`
	Listen string `help:"Where people look." placeholder:"HOST:PORT" env:"POSMEDIC_LISTEN"`
	Agents string `help:"Where agents connect." placeholder:"HOST:PORT" env:"POSMEDIC_AGENTS"`
	Host   string `help:"host:port under which agents reach the server, for the enrolment command." placeholder:"HOST:PORT" env:"POSMEDIC_HOST"`

	AddTerminal addTerminalCommand `cmd:"" help:"Enter a terminal into the register."`
	Import      importCommand      `cmd:"" help:"Enter a sheet of terminals (CSV); doing it again changes nothing."`
	Enrol       enrolCommand       `cmd:"" help:"Make an enrolment code and print the command to type on the terminal."`
	Revoke      revokeCommand      `cmd:"" help:"Take the key of a terminal's device out of use, for good."`
	Token       tokenCommand       `cmd:"" help:"Make an integration token and print it, once."`
	User        userCommand        `cmd:"" help:"Add a user; the password is asked for, or read from standard input."`
	Password    passwordCommand    `cmd:"" help:"Replace a user's password; it is asked for, or read from standard input."`
	SetupLink   setupLinkCommand   `cmd:"" help:"Print a new one-time link that makes the first user."`
	Learn       learnCommand       `cmd:"" help:"Learn from proven cases and have the gate judge it; changes nothing in force."`
	Promote     promoteCommand     `cmd:"" help:"Bring what was learned into force; a running server follows within seconds."`
	Rollback    rollbackCommand    `cmd:"" help:"Go back to the built-in knowledge."`
}

// open opens the office that the subcommands work in.
func (a *adminCommand) open(ctx context.Context) (*app.Office, error) {
	flags := serveFlags{Dir: a.Dir, Store: a.Store, Pack: a.Pack, Listen: a.Listen, Agents: a.Agents, Host: a.Host}
	who := "command line"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	return app.OpenOffice(ctx, flags.config(), who)
}

// in opens the office, does something in it and closes it.
func (a *adminCommand) in(ctx context.Context, do func(*app.Office) error) (err error) {
	office, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, office.Close()) }()
	return do(office)
}

type addTerminalCommand struct {
	TID       string            `arg:"" name:"tid" help:"Number of the terminal at the acquirer."`
	MID       string            `name:"mid" required:"" help:"Number of the merchant at the acquirer."`
	Merchant  string            `required:"" help:"Name or id; a new name makes a new merchant." placeholder:"NAME"`
	Site      string            `required:"" help:"Name or id; a new name makes a new site." placeholder:"NAME"`
	Address   string            `help:"Address of the site."`
	Area      string            `help:"Area of the site, as utilities and carriers name it."`
	Acquirer  string            `help:"Whose terminal it is (default: the acquirer of this installation)." placeholder:"NAME"`
	Attribute map[string]string `short:"a" help:"host, carrier, cell, app_version, params or certificate." placeholder:"NAME=VALUE"`
}

// Run is called by the command line.
func (t *addTerminalCommand) Run(ctx context.Context, c *console, cli *commands) error {
	r := fleet.Registration{
		Acquirer: t.Acquirer, TID: t.TID, MID: t.MID, Merchant: t.Merchant, Site: t.Site, Address: t.Address, Area: t.Area,
		Attributes: map[fleet.Attribute]string{},
	}
	for a, v := range t.Attribute {
		r.Attributes[fleet.Attribute(a)] = v
	}
	return cli.Admin.in(ctx, func(o *app.Office) error {
		l, err := o.AddTerminal(ctx, r)
		if err != nil {
			return err
		}
		say(c, lang.Text{ZH: "已登记 %s（%s，%s），编号 %s", EN: "registered %s (%s, %s) as %s"}, l.TID, l.MerchantName, l.SiteName, l.ID)
		return nil
	})
}

type importCommand struct {
	File  string `arg:"" help:"CSV file, - for standard input. Columns: tid, mid, merchant, site; also address, area, acquirer, host, carrier, cell, app_version, params, certificate."`
	Check bool   `help:"Only say what would happen."`
}

// Run is called by the command line.
func (i *importCommand) Run(ctx context.Context, c *console, cli *commands) error {
	in := c.In
	if i.File != "-" {
		f, err := os.Open(i.File)
		if err != nil {
			return errNoFile.Because(err)
		}
		defer f.Close()
		in = f
	}
	return cli.Admin.in(ctx, func(o *app.Office) error {
		v, err := o.Import(ctx, in, i.Check)
		if err != nil {
			return err
		}
		if v.Checked {
			say(c, lang.Text{ZH: "只是检查，什么也没改：", EN: "only checked, nothing was changed:"})
		}
		say(c, lang.Text{ZH: "新增 %d，更新 %d，不变 %d，拒收 %d", EN: "%d created, %d updated, %d unchanged, %d refused"},
			v.Created, v.Updated, v.Unchanged, v.Refused)
		if len(v.Ignored) > 0 {
			say(c, lang.Text{ZH: "没用到的列：%s", EN: "columns not used: %s"}, strings.Join(v.Ignored, ", "))
		}
		for _, e := range v.Errors {
			_, _ = fmt.Fprintf(c.Err, lang.Text{ZH: "第 %d 行 %s：%s（%s）\n", EN: "line %d %s: %s (%s)\n"}.In(c.Lang),
				e.Line, e.TID, e.Text.In(c.Lang), e.Hint.In(c.Lang))
		}
		if v.Refused > 0 {
			return exitCode(exitError)
		}
		return nil
	})
}

var errNoFile = problem.New(problem.Invalid, "admin.file",
	lang.Text{ZH: "读不了这个文件", EN: "the file cannot be read"})

type enrolCommand struct {
	TID string `arg:"" name:"tid" help:"Number of the terminal at the acquirer."`
}

// Run is called by the command line.
func (e *enrolCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		command, expires, err := o.Enrol(ctx, e.TID)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(c.Out, command)
		_, _ = fmt.Fprintf(c.Err, lang.Text{
			ZH: "在终端上输入，%s 前有效，只能用一次；地址不对就用 --host 指明\n", EN: "type it on the terminal before %s; it works once. --host changes the address\n",
		}.In(c.Lang), expires.Local().Format("15:04"))
		return nil
	})
}

type revokeCommand struct {
	TID string `arg:"" name:"tid" help:"Number of the terminal at the acquirer."`
}

// Run is called by the command line.
func (r *revokeCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		d, err := o.Revoke(ctx, r.TID)
		if err != nil {
			return err
		}
		say(c, lang.Text{ZH: "已停用设备 %s %s 的密钥", EN: "the key of device %s %s is out of use"}, d.Model, d.Serial)
		return nil
	})
}

type tokenCommand struct {
	Name  string       `arg:"" help:"Who will hold it."`
	Scope access.Scope `required:"" enum:"feed,read" help:"feed: may deliver what other systems see; read: may read the API."`
}

// Run is called by the command line.
func (t *tokenCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		made, secret, err := o.NewToken(ctx, t.Name, t.Scope)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(c.Out, secret)
		_, _ = fmt.Fprintf(c.Err, lang.Text{ZH: "令牌 %s，只显示这一次\n", EN: "token %s; it is not shown again\n"}.In(c.Lang), made.ID)
		return nil
	})
}

type userCommand struct {
	Name string      `arg:"" help:"Name to sign in with."`
	Role access.Role `required:"" enum:"viewer,agent,operator,admin" help:"viewer looks, agent works on cases, operator also runs the fleet, admin also decides about users, tokens and knowledge."`
}

// Run is called by the command line.
func (u *userCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		password, err := askPassword(ctx, c)
		if err != nil {
			return err
		}
		made, err := o.AddUser(ctx, u.Name, password, u.Role)
		if err != nil {
			return err
		}
		say(c, lang.Text{ZH: "已增加用户 %s（%s）", EN: "added %s (%s)"}, made.Name, made.Role)
		return nil
	})
}

type passwordCommand struct {
	Name string `arg:"" help:"Name of the user."`
}

// Run is called by the command line.
func (p *passwordCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		password, err := askPassword(ctx, c)
		if err != nil {
			return err
		}
		if err := o.SetPassword(ctx, p.Name, password); err != nil {
			return err
		}
		say(c, lang.Text{ZH: "已更换 %s 的密码，原有登录已退出", EN: "the password of %s is replaced, and all sessions are ended"}, p.Name)
		return nil
	})
}

// askPassword reads one line, from a terminal without showing it.
func askPassword(ctx context.Context, c *console) (string, error) {
	if f, ok := c.In.(*os.File); ok {
		hidden, restore := hideInput(f)
		defer restore()
		if hidden {
			_, _ = fmt.Fprint(c.Err, lang.Text{ZH: "密码：", EN: "password: "}.In(c.Lang))
			defer func() { _, _ = fmt.Fprintln(c.Err) }()
		}
	}
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() { // Ctrl+C must give the terminal back although nothing interrupts a read
		line, err := bufio.NewReader(io.LimitReader(c.In, 4<<10)).ReadString('\n')
		read <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", exitCode(exitError)
	case a := <-read:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", a.err
		}
		return strings.TrimRight(a.line, "\r\n"), nil
	}
}

type setupLinkCommand struct{}

// Run is called by the command line.
func (setupLinkCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		url, err := o.SetupURL(ctx)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(c.Out, url)
		return nil
	})
}

type learnCommand struct{}

// Run is called by the command line.
func (learnCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		candidate, err := o.Learn(ctx)
		if err != nil {
			return err
		}
		sayCandidate(c, candidate)
		if candidate.State == learn.Rejected {
			return exitCode(exitError)
		}
		return nil
	})
}

// sayCandidate prints what moved and what the gate said of it.
func sayCandidate(c *console, candidate learn.Candidate) {
	const most = 40
	for _, ch := range candidate.Most(most) {
		of := strings.TrimSpace(strings.Join([]string{ch.Step, ch.Variable, ch.State, ch.Attribute, ch.Value}, " "))
		_, _ = fmt.Fprintf(c.Out, "%-7s %-24s %-32s %8.4f → %8.4f  (%.1f)\n", ch.What, ch.Fault, of, ch.From.Mean, ch.To.Mean, ch.Cases)
	}
	if rest := len(candidate.Changes) - most; rest > 0 {
		say(c, lang.Text{ZH: "……还有%d个数字变动较小", EN: "… and %d more numbers that moved less"}, rest)
	}
	for _, row := range []struct {
		name   lang.Text
		scores [2]learn.Score
	}{
		{lang.Text{ZH: "样例", EN: "worked examples"}, candidate.Report.Golden},
		{lang.Text{ZH: "留出的案例", EN: "cases held out"}, candidate.Report.Held},
	} {
		was, is := row.scores[0], row.scores[1]
		say(c, lang.Text{ZH: "%s（%d）：首位 %.3f → %.3f，对数损失 %.3f → %.3f，有害建议 %d → %d", EN: "%s (%d): first %.3f → %.3f, log loss %.3f → %.3f, harmful %d → %d"},
			row.name.In(c.Lang), is.Cases, was.Top1, is.Top1, was.LogLoss, is.LogLoss, was.Harmful, is.Harmful)
	}
	if candidate.State == learn.InShadow {
		say(c, lang.Text{
			ZH: "通过检验，先在旁边试跑；试跑结束后启用：posmedic admin promote %s",
			EN: "it passed, and is now tried beside the knowledge in force. To bring it into force afterwards: posmedic admin promote %s",
		}, candidate.ID)
		return
	}
	if candidate.State == learn.Passed {
		say(c, lang.Text{ZH: "通过检验。启用：posmedic admin promote %s", EN: "it passed. To bring it into force: posmedic admin promote %s"}, candidate.ID)
		return
	}
	say(c, lang.Text{ZH: "没有通过检验（%s），什么也不会改变", EN: "it did not pass (%s); nothing changes"}, candidate.Report.Why)
}

type promoteCommand struct {
	ID string `arg:"" name:"id" help:"The candidate, as admin learn printed it."`
}

// Run is called by the command line.
func (p *promoteCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		candidate, err := o.Promote(ctx, p.ID)
		if err != nil {
			return err
		}
		say(c, lang.Text{ZH: "已启用知识 %s", EN: "knowledge %s is in force"}, candidate.Result.Hash)
		return nil
	})
}

type rollbackCommand struct{}

// Run is called by the command line.
func (rollbackCommand) Run(ctx context.Context, c *console, cli *commands) error {
	return cli.Admin.in(ctx, func(o *app.Office) error {
		ref, err := o.RollBack(ctx)
		if err != nil {
			return err
		}
		say(c, lang.Text{ZH: "已退回自带的知识 %s", EN: "the built-in knowledge %s is in force again"}, ref.Hash)
		return nil
	})
}
