// Package coordinatortest builds the real coordinator for tests and runs it as a child.
package coordinatortest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/onepool/onepool/app/internal/coordinator"
)

// Start runs a coordinator in a directory of its own until the test ends. cfg may be zero.
func Start(t testing.TB, cfg coordinator.Config) *coordinator.Child {
	t.Helper()
	cfg.Binary = Binary(t)
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
	if cfg.Log == nil {
		cfg.Log = func(string) {} // what it says is about failures that tests provoke
	}
	child, err := coordinator.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Close() })
	return child
}

var built = sync.OnceValues(build)

// Binary returns the coordinator's executable: $ONEPOOL_DTM, or one built from third_party/dtm. It is kept in the
// temporary directory under a hash of its sources, for all test processes.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatalf("build the coordinator: %v", err)
	}
	return path
}

func build() (string, error) {
	if path := os.Getenv(coordinator.BinaryEnv); path != "" {
		return path, nil
	}
	module, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	dir := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "third_party", "dtm")
	hash, err := sources(dir)
	if err != nil {
		return "", err
	}
	home := filepath.Join(os.TempDir(), fmt.Sprintf("onepool-dtm-%d", os.Getuid()))
	path := filepath.Join(home, hash)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", err
	}
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if out, err := exec.Command("go", "build", "-C", dir, "-o", tmp, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, os.Rename(tmp, path) // at once: several processes may build
}

func sources(dir string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version())
	for _, pattern := range []string{"*.go", "go.mod", "go.sum"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			return "", fmt.Errorf("no %s in %s", pattern, dir)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s %d\n", filepath.Base(f), len(b))
			h.Write(b)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}
