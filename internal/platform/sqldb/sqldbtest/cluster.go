package sqldbtest

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/posmedic/posmedic/internal/platform/sqldb"
)

// script starts PostgreSQL in the folder $2 from the binaries in $1 and says "ready". Reading its input ends when the
// test process does, even by SIGKILL: then it stops the server and removes the folder. Nothing here needs to survive
// a crash, so no write is synchronous.
const script = `
bin=$1 dir=$2
"$bin/initdb" -D "$dir/data" -U posmedic -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || { echo failed; exit 1; }
"$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
  -c full_page_writes=off -c max_connections=300 -c shared_buffers=32MB -c autovacuum=off -c deadlock_timeout=20ms >>"$dir/log" 2>&1 </dev/null &
pid=$!
until "$bin/pg_isready" -q -h "$dir"; do
  kill -0 $pid 2>/dev/null || { echo failed; exit 1; }
  sleep 0.02
done
echo ready
read -r _
kill -QUIT $pid
wait $pid
rm -rf "$dir"
`

// template is the migrated database that fresh ones are copied from.
const template = "posmedic_template"

type server struct {
	dir   string
	admin *sql.DB
	next  atomic.Int64
	watch io.Closer // the pipe that keeps the server alive
}

// cluster is the one server of this test process.
var cluster = sync.OnceValues(start)

func start() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "posmedic-pg-") // short: a socket's path has at most 107 bytes
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", script, "sh", bin, dir)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt of the tests must not reach the clean-up
	if os.Getuid() == 0 {
		if err := asPostgres(cmd, dir); err != nil {
			return nil, err
		}
	}
	s := &server{dir: dir}
	if s.watch, err = launch(cmd, dir); err != nil {
		return nil, err
	}
	return s, s.prepare(context.Background())
}

func launch(cmd *exec.Cmd, dir string) (io.Closer, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	word, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(word) != "ready" {
		log, readErr := os.ReadFile(filepath.Join(dir, "log"))
		return nil, errors.Join(fmt.Errorf("PostgreSQL does not start: %s", log), err, readErr)
	}
	return in, nil
}

// binaries finds the newest PostgreSQL of the machine and, as root on Debian, installs it once.
func binaries() (string, error) {
	const where = "/usr/lib/postgresql/*/bin/initdb"
	found, err := filepath.Glob(where)
	if err != nil {
		return "", err
	}
	if len(found) == 0 && os.Getuid() == 0 {
		if out, err := exec.Command("apt-get", "install", "-y", "-qq", "postgresql").CombinedOutput(); err != nil {
			return "", fmt.Errorf("apt-get install postgresql: %w: %s", err, out)
		}
		if found, err = filepath.Glob(where); err != nil {
			return "", err
		}
	}
	if len(found) == 0 {
		return "", errors.New("tests need PostgreSQL: apt-get install postgresql")
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// version is the major version in /usr/lib/postgresql/<major>/bin/initdb.
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// asPostgres lets the command run as the user postgres: the server refuses to run as root.
func asPostgres(cmd *exec.Cmd, dir string) error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(dir, uid, gid)
}

func (s *server) dsn(name string) string {
	return fmt.Sprintf("postgres://posmedic@/%s?host=%s", name, s.dir)
}

// prepare makes the migrated template.
func (s *server) prepare(ctx context.Context) error {
	var err error
	if s.admin, err = sql.Open("pgx", s.dsn("postgres")); err != nil {
		return err
	}
	s.admin.SetMaxOpenConns(2)
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+template); err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, s.dsn(template))
	if err != nil {
		return err
	}
	return errors.Join(sqldb.Migrate(ctx, db), db.Close())
}

// create makes a database and says how to drop it. Both run after or between tests, so on no test's context.
func (s *server) create() (dsn string, drop func() error, err error) {
	ctx := context.Background()
	name := fmt.Sprintf("test_%d", s.next.Add(1))
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", nil, err
	}
	return s.dsn(name), func() error {
		_, err := s.admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return err
	}, nil
}
