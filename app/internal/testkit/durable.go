package testkit

import (
	"errors"
	"os"
	"path/filepath"
)

// Durable is a server for measurements: on a disk, and each commit is there when it is acknowledged.
type Durable struct{ *mariadb }

// StartDurable starts one in a folder below dir. With a binary log each commit is synced there too. cache is the buffer
// pool, as the server's option takes it. It ends with the process, or with Close.
func StartDurable(dir string, binaryLog bool, cache string) (*Durable, error) {
	options := []string{"--innodb-flush-log-at-trx-commit=1", "--innodb-log-file-size=1G", "--innodb-io-capacity=10000", "--innodb-flush-neighbors=0", "--innodb-buffer-pool-size=" + cache, "--skip-log-bin"}
	if binaryLog {
		options = append(options[:len(options)-1], "--log-bin=binlog", "--sync-binlog=1", "--server-id=1", "--binlog-format=ROW")
	}
	m, err := startMariaDBIn(dir, options...)
	if err != nil {
		return nil, err
	}
	return &Durable{m}, nil
}

// Database makes an empty database and returns how it is reached.
func (d *Durable) Database() (dsn string, err error) {
	schema := schemaName()
	return d.dsn(schema), d.exec("CREATE DATABASE " + schema + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
}

// Databases makes an empty database for each name and returns a data source name in which {center} stands for the name.
func (d *Durable) Databases(names ...string) (dsn string, err error) {
	prefix := schemaName() + "_"
	for _, name := range names {
		if err := d.exec("CREATE DATABASE " + prefix + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
			return "", err
		}
	}
	return d.dsn(prefix + "{center}"), nil
}

// PID of the server, to measure it.
func (d *Durable) PID() int { return d.pid }

// Close ends the server; its watch removes its data.
func (d *Durable) Close() error { return errors.Join(d.admin.Close(), d.lifeline.Close()) }

// Scratch is a folder on a disk for measurements.
func Scratch() (dir string, remove func() error, err error) {
	root := os.Getenv("ONEPOOL_BENCH_DIR")
	if root == "" {
		root = os.TempDir()
	}
	dir, err = os.MkdirTemp(root, "onepool-bench-")
	if err != nil {
		return "", nil, err
	}
	return filepath.Clean(dir), func() error { return os.RemoveAll(dir) }, nil
}
