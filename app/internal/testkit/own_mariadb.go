package testkit

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// OwnMariaDB is a server of one test alone, which the test may kill and start again. Its data stay until the test ends.
type OwnMariaDB struct{ *mariadb }

// StartOwnMariaDB starts one, or skips as loudly as the others.
func StartOwnMariaDB(t testing.TB) *OwnMariaDB {
	t.Helper()
	server(t) // fails or skips where MariaDB is not installed
	m, err := startMariaDB()
	if err != nil {
		t.Fatalf("testkit: own MariaDB: %v", err)
	}
	t.Cleanup(func() {
		if err := errors.Join(m.admin.Close(), m.lifeline.Close()); err != nil { // its watch ends it and removes its data
			t.Errorf("testkit: own MariaDB: %v", err)
		}
	})
	return &OwnMariaDB{m}
}

// Address returns host:port and a user without password.
func (o *OwnMariaDB) Address() (address, user string) {
	return "127.0.0.1:" + strconv.Itoa(o.port), testUser
}

// Kill ends the server as a crash does, and waits until it is gone.
func (o *OwnMariaDB) Kill(t testing.TB) {
	t.Helper()
	if err := o.watch.Kill(); err != nil { // first the one that would remove the data
		t.Fatalf("testkit: own MariaDB: watch: %v", err)
	}
	if err := syscall.Kill(o.pid, syscall.SIGKILL); err != nil {
		t.Fatalf("testkit: own MariaDB: kill: %v", err)
	}
	for deadline := time.Now().Add(serverStart); syscall.Kill(o.pid, 0) == nil && !zombie(o.pid); time.Sleep(serverPoll) {
		if time.Now().After(deadline) {
			t.Fatal("testkit: own MariaDB: it does not end")
		}
	}
	_ = errors.Join(o.admin.Close(), o.lifeline.Close()) // nobody is left at their other ends
}

// Restart starts the server again, on its data and its port, and returns when it has recovered.
func (o *OwnMariaDB) Restart(t testing.TB) {
	t.Helper()
	daemon, err := find("mariadbd")
	if err == nil {
		err = o.launch(daemon)
	}
	if err == nil {
		err = o.awaitReady()
	}
	if err != nil {
		t.Fatalf("testkit: own MariaDB: restart: %v", err)
	}
}

// zombie says whether a process has ended and only waits for its parent to notice.
func zombie(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	for i := len(raw) - 1; i > 1; i-- {
		if raw[i] == ')' { // after the name, which may hold anything
			return i+2 < len(raw) && raw[i+2] == 'Z'
		}
	}
	return false
}
