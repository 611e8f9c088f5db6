package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dtm-labs/dtm/client/dtmgrpc/dtmgpb"
	"github.com/dtm-labs/dtm/dtmsvr/storage"
	"github.com/dtm-labs/dtm/dtmsvr/storage/boltdb"
	"github.com/stretchr/testify/require"
)

func saved(t *testing.T, s *boltdb.Store, gid string, branches int) {
	t.Helper()
	now := time.Now()
	g := &storage.TransGlobalStore{Gid: gid, TransType: typeMessage, Status: "submitted", NextCronTime: &now}
	g.CreateTime = &now
	all := make([]storage.TransBranchStore, branches)
	for i := range all {
		all[i] = storage.TransBranchStore{Gid: gid, BranchID: fmt.Sprintf("%02d", i+1), Op: "action", Status: "prepared", URL: takeURL}
	}
	require.NoError(t, s.MaySaveNewTrans(g, all))
}

// TestIDsOfOneLengthKeepTheirBranches shows why the server takes one length only: the boltdb store looks for a
// transaction's branches by the prefix that its id is, and stops at the first branch of another.
func TestIDsOfOneLengthKeepTheirBranches(t *testing.T) {
	t.Chdir(t.TempDir())
	s := boltdb.NewStore(0, retryInterval_s)

	t.Run("of a prefix they get lost", func(t *testing.T) {
		saved(t, s, "ms-a", 2)
		saved(t, s, "ms-a00", 2) // its branches are stored as ms-a00000, between ms-a and ms-a001
		require.NotEqual(t, 2, len(s.FindBranches("ms-a")), "the store has been mended: the rule may go")
	})
	t.Run("ours are found", func(t *testing.T) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		want := map[string]int{}
		for len(want) < 300 {
			id := []byte(gid(0))
			for i := len(id) - 6; i < len(id); i++ { // alike up to the end: digits, and the characters at the edges of the order
				id[i] = "0019-_az"[r.IntN(8)]
			}
			if _, known := want[string(id)]; known {
				continue
			}
			require.NoError(t, validateGID(string(id)))
			want[string(id)] = 1 + r.IntN(maxSteps)
			saved(t, s, string(id), want[string(id)])
		}
		for id, n := range want {
			found := s.FindBranches(id)
			require.Len(t, found, n, "%s, seed %d", id, seed)
			for i, b := range found {
				require.Equal(t, fmt.Sprintf("%02d", i+1), b.BranchID, "%s, seed %d", id, seed)
			}
		}
	})
}

// TestTheStoreOnMySQL runs against a private MariaDB: database and tables are made, a message survives a kill.
func TestTheStoreOnMySQL(t *testing.T) {
	port := mariaDB(t)
	t.Setenv(passwordEnv, "")
	c := listen(t, "127.0.0.1:0")
	args := []string{"--store", "mysql", "--mysql-port", fmt.Sprint(port), "--mysql-database", "onepool_dtm", "--branches"}
	dead := start(t, append(args, "stock=127.0.0.1:1")...)
	var urls []string
	for range maxSteps {
		urls = append(urls, takeURL)
	}
	for n, mode := range []string{"false", "true"} {
		m := message(gid(n), urls...)
		m.ReqExtra = map[string]string{"concurrent": mode}
		headers := map[string]string{} // as many signatures as calls
		for i := range maxSteps {
			headers[fmt.Sprintf("x-h%d", i)] = "0123456789012345678901234567890123456789012"
		}
		m.TransOptions = &dtmgpb.DtmTransOptions{BranchHeaders: headers}
		m.BinPayloads[0] = append([]byte{0x0a, 0x80, 0xa0, 0x06}, make([]byte, 100<<10)...) // more than a BLOB
		_, err := dead.dtm.Submit(t.Context(), m)
		require.NoError(t, err)
	}
	require.NoError(t, dead.cmd.Process.Kill())
	_ = dead.cmd.Wait()

	r := start(t, append(args, "stock="+c.addr)...)
	for n := range 2 {
		require.Eventually(t, func() bool { return r.status(t, gid(n)) == "succeed" }, 30*time.Second, 50*time.Millisecond)
	}
	require.Len(t, c.calls, 2*maxSteps)
	_, err := r.dtm.Submit(t.Context(), message(gid(0), takeURL))
	require.NoError(t, err, "known")

	db, err := mysqlOptions{host: "127.0.0.1", port: port, user: "root"}.open("onepool_dtm")
	require.NoError(t, err)
	defer db.Close()
	_, err = r.dtm.PrepareWorkflow(t.Context(), &dtmgpb.DtmRequest{Gid: gid(9), TransType: typeWorkflow, QueryPrepared: takeURL, CustomedData: `{"name":"x"}`})
	require.NoError(t, err)
	removed, err := purge(t.Context(), db, time.Now().UTC().Add(-time.Hour))
	require.NoError(t, err)
	require.Zero(t, removed, "young")
	removed, err = purge(t.Context(), db, time.Now().UTC().Add(time.Hour))
	require.NoError(t, err)
	require.EqualValues(t, 2, removed)
	require.Equal(t, "prepared", r.status(t, gid(9)), "open")
	var left int
	require.NoError(t, db.QueryRow(`SELECT COUNT(*) FROM trans_branch_op`).Scan(&left))
	require.Zero(t, left)
}

// mariaDB starts a private server, or skips loudly where there is none and none is demanded.
func mariaDB(t *testing.T) (port int) {
	t.Helper()
	install, err1 := exec.LookPath("mariadb-install-db")
	server, err2 := exec.LookPath("mariadbd")
	if err1 != nil || err2 != nil {
		if os.Getenv("CI") == "true" || os.Getenv("ONEPOOL_REQUIRE_MARIADB") == "1" {
			t.Fatal("MariaDB is demanded and not installed")
		}
		t.Skip("NOT TESTED: no MariaDB here")
	}
	dir, err := os.MkdirTemp("", "dtm-mariadb-") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data := filepath.Join(dir, "d")
	out, err := exec.Command(install, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force", "--datadir="+data).CombinedOutput()
	require.NoError(t, err, string(out))
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port = lis.Addr().(*net.TCPAddr).Port
	require.NoError(t, lis.Close())
	cmd := exec.Command(server, "--no-defaults", "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port), "--socket="+dir+"/s", "--datadir="+data, "--user=root")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 30*time.Second, 50*time.Millisecond)
	return port
}
