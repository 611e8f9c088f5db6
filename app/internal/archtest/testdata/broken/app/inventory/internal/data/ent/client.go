package ent

import (
	_ "database/sql"
	_ "github.com/go-sql-driver/mysql"
)
