package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/dtm-labs/dtm/dtmsvr/config"
	"github.com/dtm-labs/dtm/dtmsvr/storage/registry"
	"github.com/go-sql-driver/mysql"
)

type mysqlOptions struct {
	host     string
	port     int
	user     string
	database string
}

var databaseName = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// tables are DTM's, with wider columns: the published ones hold 1024 characters of options and custom data, which a
// message to a dozen branches (one signature each) overflows, and 64 KiB of payload.
var tables = []string{
	`CREATE TABLE IF NOT EXISTS trans_global (
		id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
		gid varchar(128) NOT NULL,
		trans_type varchar(45) NOT NULL,
		status varchar(12) NOT NULL,
		query_prepared varchar(1024) NOT NULL,
		protocol varchar(45) NOT NULL,
		create_time datetime DEFAULT NULL,
		update_time datetime DEFAULT NULL,
		finish_time datetime DEFAULT NULL,
		rollback_time datetime DEFAULT NULL,
		options mediumtext,
		custom_data mediumtext,
		next_cron_interval bigint DEFAULT NULL,
		next_cron_time datetime DEFAULT NULL,
		owner varchar(128) NOT NULL DEFAULT '',
		ext_data mediumtext,
		result varchar(1024) DEFAULT '',
		rollback_reason varchar(1024) DEFAULT '',
		UNIQUE KEY gid (gid),
		KEY owner (owner),
		KEY status_next_cron_time (status, next_cron_time)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
	`CREATE TABLE IF NOT EXISTS trans_branch_op (
		id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
		gid varchar(128) NOT NULL,
		url varchar(1024) NOT NULL,
		data mediumtext,
		bin_data longblob,
		branch_id varchar(128) NOT NULL,
		op varchar(45) NOT NULL,
		status varchar(45) NOT NULL,
		finish_time datetime DEFAULT NULL,
		rollback_time datetime DEFAULT NULL,
		create_time datetime DEFAULT NULL,
		update_time datetime DEFAULT NULL,
		UNIQUE KEY gid_uniq (gid, branch_id, op)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
	`CREATE TABLE IF NOT EXISTS kv (
		id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
		cat varchar(45) NOT NULL,
		k varchar(128) NOT NULL,
		v text,
		version bigint DEFAULT 1,
		create_time datetime DEFAULT NULL,
		update_time datetime DEFAULT NULL,
		UNIQUE KEY uniq_k (cat, k)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
}

// openMySQL makes database and tables where they are missing and hands the connection's data to DTM.
func openMySQL(o mysqlOptions) error {
	s := &config.Config.Store
	s.Host, s.Port, s.User, s.Db, s.Password = o.host, int64(o.port), o.user, o.database, os.Getenv(passwordEnv)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := execAll(ctx, o, "", []string{"CREATE DATABASE IF NOT EXISTS `" + o.database + "` DEFAULT CHARACTER SET utf8mb4"}); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	if err := execAll(ctx, o, o.database, tables); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	if err := registry.GetStore().Ping(); err != nil {
		return fmt.Errorf("open mysql store: %w", err)
	}
	return nil
}

func (o mysqlOptions) open(database string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.DBName = o.user, os.Getenv(passwordEnv), "tcp", database
	c.Addr = net.JoinHostPort(o.host, strconv.Itoa(o.port))
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

func execAll(ctx context.Context, o mysqlOptions, database string, statements []string) error {
	db, err := o.open(database)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
