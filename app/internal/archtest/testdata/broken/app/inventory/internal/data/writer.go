package data

import (
	_ "database/sql"
	_ "github.com/onepool/onepool/api/order/v1"
)
