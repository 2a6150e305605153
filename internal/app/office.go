package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/posmedic/posmedic/internal/access"
	"github.com/posmedic/posmedic/internal/access/accesssql"
	"github.com/posmedic/posmedic/internal/console"
	"github.com/posmedic/posmedic/internal/fleet"
	"github.com/posmedic/posmedic/internal/fleet/fleetsql"
	"github.com/posmedic/posmedic/internal/gateway/agentdoor"
	"github.com/posmedic/posmedic/internal/kernel/lang"
	"github.com/posmedic/posmedic/internal/kernel/problem"
	"github.com/posmedic/posmedic/internal/knowledge"
	"github.com/posmedic/posmedic/internal/knowledge/knowledgesql"
	"github.com/posmedic/posmedic/internal/loop/learn"
	"github.com/posmedic/posmedic/internal/loop/learn/learnsql"
	"github.com/posmedic/posmedic/internal/platform/sqldb"
	"github.com/posmedic/posmedic/pack"
	"github.com/posmedic/posmedic/wire"
)

// Office does what an operator does at the console, for those without a browser: on the database itself, while a
// server runs on it or not. Who may open the database may do everything; each change is in the audit trail.
type Office struct {
	cfg    Config
	by     access.Actor
	db     *sqldb.DB
	fleet  register
	access *accesssql.Store
}

// The errors of an office.
var (
	ErrNoServer = problem.New(problem.Config, "office.no_data",
		lang.Text{ZH: "这个数据文件夹里没有服务器的数据", EN: "there are no data of a server in this folder"}).
		WithHint(lang.Text{ZH: "先运行一次 posmedic serve，或用 --dir、--store 指明它的数据在哪里", EN: "run posmedic serve once, or say with --dir or --store where its data are"})
	ErrHasUsers = problem.New(problem.Conflict, "office.has_users",
		lang.Text{ZH: "已经有用户，不再给初始设置链接", EN: "there are users already, so there is no set-up link any more"}).
		WithHint(lang.Text{ZH: "用 posmedic admin user 名称 --role admin 增加管理员", EN: "add an administrator with: posmedic admin user NAME --role admin"})
)

// OpenOffice opens the data of a server; who is written into the audit trail.
func OpenOffice(ctx context.Context, cfg Config, who string) (*Office, error) {
	cfg, err := cfg.settle()
	if err != nil {
		return nil, err
	}
	if err := cfg.hasData(); err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, cfg.storePath())
	if err != nil {
		return nil, err
	}
	o := &Office{cfg: cfg, db: db, by: access.Actor{Name: who, From: "command line"}, fleet: register{fleetsql.New(db, time.Now), cfg.Acquirer}}
	if err := sqldb.Migrate(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if o.access, err = accesssql.New(db, time.Now); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return o, nil
}

// hasData refuses a folder that a typing error would otherwise make into an empty server.
func (c Config) hasData() error {
	if c.remote() {
		return nil
	}
	_, err := os.Stat(c.storePath())
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoServer.Because(err)
	}
	return err
}

// remote reports whether the database is a server of its own.
func (c Config) remote() bool { return strings.Contains(c.Store, "://") }

// learning reads the knowledge, which only a few tasks need and which takes longer than all else.
func (o *Office) learning(ctx context.Context) (learning, error) {
	builtin, err := loadPack(o.cfg)
	if err != nil {
		return learning{}, err
	}
	room, err := knowledge.Open(ctx, knowledgesql.New(o.db), builtin, func(*pack.Pack) {})
	if err != nil {
		return learning{}, err
	}
	return newLearning(learnsql.New(o.db), room, o.cfg.Diagnose, o.cfg.Learn, time.Now)
}

// Close closes the database.
func (o *Office) Close() error { return o.db.Close() }

func (o *Office) audit(ctx context.Context, what, target string) error {
	return o.access.Audit(ctx, o.by, what, target)
}

// AddTerminal enters a terminal into the register.
func (o *Office) AddTerminal(ctx context.Context, r fleet.Registration) (fleet.Listed, error) {
	if r.Acquirer == "" {
		r.Acquirer = o.cfg.Acquirer
	}
	l, err := o.fleet.Register(ctx, r)
	if err != nil {
		return l, err
	}
	return l, o.audit(ctx, "fleet.registered", l.ID)
}

// Import enters a sheet of terminals.
func (o *Office) Import(ctx context.Context, in io.Reader, dry bool) (console.ImportView, error) {
	sheet, err := fleet.ReadSheet(in, o.cfg.Acquirer)
	if err != nil {
		return console.ImportView{}, err
	}
	view, err := o.fleet.ImportSheet(ctx, sheet, dry)
	if err != nil || dry {
		return view, err
	}
	return view, o.audit(ctx, "fleet.imported", view.Summary())
}

// Enrol makes an enrolment code for a terminal, and the command to type on it.
func (o *Office) Enrol(ctx context.Context, tid string) (command string, expires time.Time, err error) {
	l, err := o.fleet.ByTID(ctx, o.cfg.Acquirer, tid)
	if err != nil {
		return "", expires, err
	}
	if !agentdoor.HasIdentity(o.cfg.Dir) {
		return "", expires, ErrNoServer // a key made here would be another one than the server's
	}
	identity, err := agentdoor.LoadIdentity(o.cfg.Dir)
	if err != nil {
		return "", expires, err
	}
	code, expires, err := o.fleet.NewEnrolment(ctx, l.ID, o.by.Name)
	if err != nil {
		return "", expires, err
	}
	_, command = enrolment(code, identity.Fingerprint, o.cfg.agentsAddress())
	return command, expires, o.audit(ctx, "device.enrolment", l.ID)
}

// agentsAddress is where agents on this machine would connect, if nobody said how terminals reach it.
func (c Config) agentsAddress() string {
	if c.Host != "" {
		return c.Host
	}
	host, port, err := net.SplitHostPort(c.Agents)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return c.Agents
}

// enrolment is how a code is handed to a technician: with the door's fingerprint, and as a command to type.
func enrolment(code, fingerprint, address string) (text, command string) {
	text = wire.FormatEnrolment(code, fingerprint)
	return text, "posmedic agent --server " + address + " --enrol " + text
}

// Revoke takes the key of the device that stands in for a terminal out of use.
func (o *Office) Revoke(ctx context.Context, tid string) (fleet.Device, error) {
	l, err := o.fleet.ByTID(ctx, o.cfg.Acquirer, tid)
	if err != nil {
		return fleet.Device{}, err
	}
	if l.Device == nil {
		return fleet.Device{}, fleet.ErrNotFound
	}
	if err := o.fleet.Revoke(ctx, l.Device.ID); err != nil {
		return fleet.Device{}, err
	}
	return *l.Device, o.audit(ctx, "device.revoked", l.Device.ID)
}

// NewToken makes an integration token and gives its secret.
func (o *Office) NewToken(ctx context.Context, label string, scope access.Scope) (access.Token, string, error) {
	return o.access.NewToken(ctx, o.by, label, scope)
}

// AddUser adds a user.
func (o *Office) AddUser(ctx context.Context, name, password string, role access.Role) (access.User, error) {
	return o.access.CreateUser(ctx, o.by, name, password, role)
}

// SetPassword replaces a user's password.
func (o *Office) SetPassword(ctx context.Context, name, password string) error {
	users, err := o.access.Users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Name == name {
			return o.access.SetPassword(ctx, o.by, u.ID, password)
		}
	}
	return access.ErrNotFound
}

// SetupURL makes a new one-time link for the first user; the one before dies.
func (o *Office) SetupURL(ctx context.Context) (string, error) {
	token, err := o.access.SetupLink(ctx)
	if err != nil {
		return "", err
	}
	if token == "" {
		return "", ErrHasUsers
	}
	return "http://" + o.cfg.Listen + "/setup#token=" + token, o.audit(ctx, "access.setup_link", "")
}

// Learn has a candidate made and judged. It changes nothing in force.
func (o *Office) Learn(ctx context.Context) (learn.Candidate, error) {
	l, err := o.learning(ctx)
	if err != nil {
		return learn.Candidate{}, err
	}
	c, err := l.Propose(ctx)
	if err != nil {
		return c, err
	}
	return c, o.audit(ctx, "knowledge.proposed", c.ID)
}

// Promote brings a candidate that passed into force; a running server follows within seconds.
func (o *Office) Promote(ctx context.Context, id string) (learn.Candidate, error) {
	l, err := o.learning(ctx)
	if err != nil {
		return learn.Candidate{}, err
	}
	c, err := l.Promote(ctx, id)
	if err != nil {
		return c, err
	}
	return c, o.audit(ctx, "knowledge.promoted", c.ID+" "+c.Result.Hash)
}

// RollBack goes back to the built-in knowledge; a running server follows within seconds.
func (o *Office) RollBack(ctx context.Context) (pack.Ref, error) {
	l, err := o.learning(ctx)
	if err != nil {
		return pack.Ref{}, err
	}
	if err := l.RollBack(ctx); err != nil {
		return pack.Ref{}, err
	}
	ref := l.BuiltIn().Ref
	return ref, o.audit(ctx, "knowledge.rolled_back", ref.Hash)
}
