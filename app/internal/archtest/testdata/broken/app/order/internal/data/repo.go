package data

import (
	_ "github.com/dtm-labs/client/dtmcli"
	_ "github.com/onepool/onepool/app/internal/database"
	_ "github.com/onepool/onepool/app/order/internal/biz"
	_ "github.com/onepool/onepool/app/order/internal/service"
)
