package main

import (
	_ "github.com/dtm-labs/dtm/dtmsvr/entry"
	_ "github.com/onepool/onepool/app/internal/ids"
	_ "github.com/onepool/onepool/app/order"
	_ "github.com/onepool/onepool/app/order/internal/biz"
)
