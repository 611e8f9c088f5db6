package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	serverStart   = 60 * time.Second
	serverPoll    = 20 * time.Millisecond
	templateWait  = 3 * time.Minute
	templateShape = "v2" // of the template directory: changes when the options below do
	testUser      = "onepool"
)

// mariadb is a private server.
type mariadb struct {
	dir, socket string
	more        []string // options of its own
	port        int
	pid         int
	lifeline    *os.File // while it is open the server lives
	watch       *os.Process
	admin       *sql.DB
}

var (
	startOnce sync.Once
	started   *mariadb
	startErr  error
)

// errAbsent means that MariaDB is not installed.
var errAbsent = errors.New("mariadbd or mariadb-install-db is not installed (Debian: mariadb-server-core, mariadb-client-core)")

// server returns this process's MariaDB, starting it at the first call.
func server(t testing.TB) *mariadb {
	t.Helper()
	startOnce.Do(func() { started, startErr = startMariaDB() })
	switch {
	case startErr == nil:
		return started
	case !errors.Is(startErr, errAbsent) || os.Getenv("CI") == "true" || os.Getenv("ONEPOOL_REQUIRE_MARIADB") == "1":
		t.Fatalf("testkit: MariaDB: %v", startErr)
	default:
		t.Skipf("testkit: NOT TESTED ON MARIADB: %v", startErr)
	}
	return nil
}

// MariaDBAddress returns host:port of the private server and a user without password, for other processes of a test.
func MariaDBAddress(t testing.TB) (address, user string) {
	t.Helper()
	return "127.0.0.1:" + strconv.Itoa(server(t).port), testUser
}

// PrivateMariaDB starts this process's server, if it does not run yet, and makes an empty database in it. It is for tools
// that need a server outside a test; it ends with the process.
func PrivateMariaDB() (dsn string, err error) {
	startOnce.Do(func() { started, startErr = startMariaDB() })
	if startErr != nil {
		return "", startErr
	}
	schema := schemaName()
	return started.dsn(schema), started.exec("CREATE DATABASE " + schema + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
}

func (s *mariadb) dsn(schema string) string {
	return testUser + "@unix(" + s.socket + ")/" + schema
}

func (s *mariadb) exec(query string) error {
	_, err := s.admin.Exec(query)
	return err
}

// find looks in the directories where distributions put servers, too.
func find(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/bin"} {
		if p := filepath.Join(dir, name); executable(p) {
			return p, nil
		}
	}
	return "", errAbsent
}

func executable(p string) bool {
	info, err := os.Stat(p)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// scratch is memory where there is some: the tests are about rules, not about disks.
func scratch() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && syscall.Access("/dev/shm", 2) == nil {
		return "/dev/shm"
	}
	return os.TempDir()
}

func startMariaDB() (*mariadb, error) { return startMariaDBIn(scratch()) }

// startMariaDBIn starts a server with a folder of its own below root. more are options beside the usual.
func startMariaDBIn(root string, more ...string) (*mariadb, error) {
	daemon, err := find("mariadbd")
	if err != nil {
		return nil, err
	}
	install, err := find("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	template, err := makeTemplate(daemon, install)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	dir, err := os.MkdirTemp(root, "onepool-mariadb-")
	if err != nil {
		return nil, err
	}
	if out, err := exec.Command("cp", "-a", template+"/.", dir).CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("copy template: %w: %s", err, out), os.RemoveAll(dir))
	}
	s := &mariadb{more: more, dir: dir, socket: filepath.Join(dir, "s.sock")}
	if s.port, err = freePort(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.launch(daemon); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, s.awaitReady()
}

// options are those of the server; the ones about files must be the same for the template.
func options(dir string) []string {
	opts := []string{"--no-defaults", "--datadir=" + dir, "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M"}
	if os.Geteuid() == 0 {
		opts = append(opts, "--user=root")
	}
	return opts
}

// launch starts the server under a shell that waits for the end of its standard input, which only this process holds.
func (s *mariadb) launch(daemon string) error {
	const script = `
exec 3<&0 </dev/null
"$@" 3<&- &
pid=$!
echo "$pid" > "$DIR/server.pid"
read -r _ <&3
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
rm -rf "$DIR"`
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	log, err := os.Create(filepath.Join(s.dir, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	initFile := filepath.Join(s.dir, "init.sql")
	grant := "CREATE USER IF NOT EXISTS '" + testUser + "'@'%';\nGRANT ALL ON *.* TO '" + testUser + "'@'%';\n"
	if err := os.WriteFile(initFile, []byte(grant), 0o644); err != nil {
		return err
	}
	args := append([]string{"-c", script, "mariadb-watch", daemon}, options(s.dir)...)
	args = append(append(args, s.more...), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port), "--socket="+s.socket,
		"--init-file="+initFile, "--skip-name-resolve", "--max-connections=600", "--pid-file="+filepath.Join(s.dir, "mysqld.pid"))
	cmd := exec.Command("/bin/sh", args...)
	cmd.Env = append(os.Environ(), "DIR="+s.dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal must not reach it first
	if err := cmd.Start(); err != nil {
		return errors.Join(err, out.Close())
	}
	s.lifeline, s.watch = out, cmd.Process
	go func() { _ = cmd.Wait() }() // its end is seen by those who use the server
	return nil
}

func (s *mariadb) awaitReady() error {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr = testUser, "unix", s.socket
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	s.admin = sql.OpenDB(connector)
	deadline := time.Now().Add(serverStart)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := s.admin.PingContext(ctx)
		cancel()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "server.log"))
			return fmt.Errorf("server did not answer in %v: %w\n%s", serverStart, err, log)
		}
		time.Sleep(serverPoll)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "server.pid"))
	if err != nil {
		return err
	}
	s.pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	return err
}

// makeTemplate makes an empty data directory once a machine and user: installing takes seconds, copying does not.
func makeTemplate(daemon, install string) (string, error) {
	root := filepath.Join(os.TempDir(), fmt.Sprintf("onepool-testkit-%d", os.Getuid()))
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", err
	}
	version, err := exec.Command(daemon, "--no-defaults", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", daemon, err)
	}
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' {
			return r
		}
		return '_'
	}, strings.TrimSpace(string(version)))
	template := filepath.Join(root, templateShape+"-"+name[max(0, len(name)-60):])
	unlock, err := lockFile(template + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(template); err == nil {
		return template, nil
	}
	fresh := template + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	args := append(options(fresh), "--auth-root-authentication-method=normal", "--skip-test-db", "--force")
	if out, err := exec.Command(install, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", install, err, out)
	}
	return template, os.Rename(fresh, template)
}

// lockFile takes a lock that the system gives back when the process ends.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(templateWait)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		time.Sleep(serverPoll)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
